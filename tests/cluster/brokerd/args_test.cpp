#include "cluster/brokerd/args.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

Arguments parse(std::vector<const char*> values) {
    values.insert(values.begin(), "millrace");
    return parse_arguments(static_cast<int>(values.size()), values.data());
}

TEST(Arguments, AFileAndOverrides) {
    const Arguments arguments =
        parse({"server.properties", "--override", "a=b=c", "--override", "d="});
    EXPECT_EQ(arguments.verb, Arguments::Verb::kServe);
    EXPECT_EQ(arguments.properties_file, "server.properties");
    EXPECT_EQ(arguments.overrides, (Properties{{"a", "b=c"}, {"d", ""}}));
}

TEST(Arguments, RecoverNamesADirectory) {
    EXPECT_EQ(parse({"recover", "/data"}).directory, "/data");
    EXPECT_EQ(parse({"recover"}).verb, Arguments::Verb::kWrong);
}

TEST(Arguments, OnlyARecoveryAcceptsLossAndOnlyWhenAsked) {
    EXPECT_FALSE(parse({"recover", "/data"}).accepts_loss);
    EXPECT_TRUE(parse({"recover", "/data", "--accept-loss"}).accepts_loss);
    EXPECT_EQ(parse({"recover", "--accept-loss"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"server.properties", "--accept-loss"}).verb, Arguments::Verb::kWrong);
}

TEST(Arguments, DevHasAPortAndNoFile) {
    EXPECT_EQ(parse({"dev"}).verb, Arguments::Verb::kDev);
    EXPECT_EQ(parse({"dev"}).port, 9092);
    const Arguments arguments = parse({"dev", "--port", "0", "--override", "num.partitions=3"});
    EXPECT_EQ(arguments.port, 0);
    EXPECT_EQ(arguments.overrides, (Properties{{"num.partitions", "3"}}));
    EXPECT_EQ(parse({"dev", "--port"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"dev", "--port", "65536"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"dev", "server.properties"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"--port", "1"}).verb, Arguments::Verb::kWrong);
}

TEST(Arguments, DoctorLooksAtAFile) {
    const Arguments arguments = parse({"doctor", "server.properties", "--json"});
    EXPECT_EQ(arguments.verb, Arguments::Verb::kDoctor);
    EXPECT_EQ(arguments.properties_file, "server.properties");
    EXPECT_TRUE(arguments.json);
    EXPECT_EQ(parse({"server.properties", "--json"}).verb, Arguments::Verb::kWrong);
}

TEST(Arguments, HelpWinsAnywhere) {
    EXPECT_EQ(parse({"dev", "--help"}).verb, Arguments::Verb::kHelp);
    EXPECT_EQ(parse({"recover", "-h"}).verb, Arguments::Verb::kHelp);
}

TEST(Arguments, WhatIsNotUnderstoodIsSaid) {
    EXPECT_EQ(parse({"--overide", "a=b"}).complaint, "not understood: --overide");
    EXPECT_EQ(parse({"--override"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"--override", "ab"}).verb, Arguments::Verb::kWrong);
    EXPECT_EQ(parse({"one", "two"}).verb, Arguments::Verb::kWrong);
}

}  // namespace
}  // namespace millrace
