#include "core/config/properties.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Properties parsed(std::string_view text) {
    auto properties = parse_properties(text);
    EXPECT_TRUE(properties.has_value());
    return properties ? *properties : Properties{};
}

TEST(Properties, TakesEveryKindOfSeparator) {
    const Properties expected = {{"k", "v w"}};
    for (const std::string_view text :
         {"k=v w", "k:v w", "k v w", "k\tv w", "  k  =  v w", "k : v w", "k\f=v w", "k=v w\r\n",
          "k=v w\r", "\n\n k=v w\n"})
        EXPECT_EQ(parsed(text), expected) << text;
}

TEST(Properties, KeepsTrailingBlanksAndFurtherSeparatorsOfAValue) {
    EXPECT_EQ(parsed("k=v \n").at("k"), "v ");
    EXPECT_EQ(parsed("k==v").at("k"), "=v");
    EXPECT_EQ(parsed("listeners=A://h:1,B://[::1]:2").at("listeners"), "A://h:1,B://[::1]:2");
}

TEST(Properties, CommentsAndEmptyLinesSayNothing) {
    EXPECT_TRUE(parsed("# a=b\n! c=d\n\n   \n  # e=f \\\n").empty());
    EXPECT_EQ(parsed("# not continued \\\nk=v").at("k"), "v");
    EXPECT_EQ(parsed("k=v # no comment").at("k"), "v # no comment");
}

TEST(Properties, KeyWithoutValueIsEmpty) {
    EXPECT_EQ(parsed("k").at("k"), "");
    EXPECT_EQ(parsed("k=\nl=1").at("k"), "");
    EXPECT_EQ(parsed("=v").at(""), "v");
}

TEST(Properties, LaterOfEqualKeysWins) { EXPECT_EQ(parsed("k=1\nk=2\n").at("k"), "2"); }

TEST(Properties, ContinuesLines) {
    EXPECT_EQ(parsed("k=a,\\\n   b,\\\r\n\tc").at("k"), "a,b,c");
    EXPECT_EQ(parsed("k=a\\\\\nl=b").at("k"), "a\\") << "an escaped backslash continues nothing";
    EXPECT_EQ(parsed("k=a\\\\\\\nb").at("k"), "a\\b");
    EXPECT_EQ(parsed("k=a\\\n# b").at("k"), "a# b") << "a continuation is no comment";
    EXPECT_EQ(parsed("k=a\\").at("k"), "a") << "the file ends inside a continued line";
    EXPECT_EQ(parsed("k=a\\\n\nl=b"), (Properties{{"k", "a"}, {"l", "b"}}));
}

TEST(Properties, Unescapes) {
    EXPECT_EQ(parsed("k=\\t\\n\\r\\f\\z\\\\").at("k"), "\t\n\r\fz\\");
    EXPECT_EQ(parsed("a\\ b\\=c\\:d=v").at("a b=c:d"), "v");
    EXPECT_EQ(parsed("k=\\u0041\\u00e9\\u20AC").at("k"), "A\xc3\xa9\xe2\x82\xac");
    EXPECT_EQ(parsed("k=\\ud83d\\ude00").at("k"), "\xf0\x9f\x98\x80");
    EXPECT_EQ(parsed("k=\\ud83dx").at("k"), "\xef\xbf\xbdx") << "half of a pair";
    EXPECT_EQ(parsed("k=\\ud83d\\u0041").at("k"),
              "\xef\xbf\xbd"
              "A");
    EXPECT_EQ(parsed("k=\xc3\xa9").at("k"), "\xc3\xa9");
}

TEST(Properties, RefusesABrokenUnicodeEscape) {
    for (const std::string_view text :
         {"k=\\u", "k=\\u12", "k=\\u12g4", "\\uzzzz=v", "k=\\ud83d\\u1"})
        EXPECT_EQ(parse_properties(text).error(), Errc::kMalformed) << text;
}

}  // namespace
}  // namespace millrace
