#include "cluster/tools/text_table.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Align = TextTable::Align;

TextTable sample() {
    TextTable table({{"NAME"}, {"COUNT", Align::kRight}, {"WHERE", Align::kLeft, true}});
    table.add_row({"a", "1", "here"});
    table.add_row({"longer", "12345678", "there"});
    return table;
}

TEST(TextTable, NumbersStandToTheRightAndNoLineEndsInBlanks) {
    EXPECT_EQ(sample().to_string(0),
              "NAME       COUNT  WHERE\n"
              "a              1  here\n"
              "longer  12345678  there\n");
}

TEST(TextTable, WhatIsSpareGoesWhereALineWouldBeTooLong) {
    EXPECT_EQ(sample().to_string(23), sample().to_string(0));
    EXPECT_EQ(sample().to_string(22),
              "NAME       COUNT\n"
              "a              1\n"
              "longer  12345678\n");
}

TEST(TextTable, NothingIsCutThatIsNotSpare) {
    EXPECT_EQ(sample().to_string(3), sample().to_string(22));
}

TEST(TextTable, CharactersCountNotBytes) {
    TextTable table({{"NAME"}, {"N", Align::kRight}});
    table.add_row({"\xc3\xa4\xc3\xb6", "1"});
    EXPECT_EQ(table.to_string(0), "NAME  N\n\xc3\xa4\xc3\xb6    1\n");
}

}  // namespace
}  // namespace millrace
