#include "cluster/brokerd/tool_args.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 4> kTools{"topics", "groups", "consume", "produce"};

/// What the options say, as text, before it means something.
struct Words {
    std::string bootstrap = "127.0.0.1:9092";
    bool json{};
    TopicsOptions topics;
    GroupsOptions groups;
    ConsumeOptions consume;
    ProduceOptions produce;
    std::string to;
    std::string from = "beginning";
    std::string codec = "none";
    std::string acks = "all";
    bool in_turn{};
};

void add_common(CLI::App& tool, Words& words) {
    tool.add_option("-b,--bootstrap-server", words.bootstrap,
                    "HOST:PORT of a broker, or several with commas")
        ->capture_default_str();
    tool.add_flag("--json", words.json, "Objects for programs");
}

void add_topics(CLI::App& app, Words& words) {
    auto& tool = *app.add_subcommand("topics", "The topics, or the partitions of those named");
    add_common(tool, words);
    tool.add_option("topics", words.topics.names, "Topics; all of them without");
    tool.add_flag("--internal", words.topics.with_internal, "Those of Kafka itself too");
}

void add_reset(CLI::App& groups, Words& words) {
    auto& verb = *groups.add_subcommand("reset", "Move what a group has committed; shows it first");
    add_common(verb, words);
    verb.add_option("group", words.groups.groups, "The group")->required()->expected(1);
    verb.add_option("-t,--topic", words.groups.topics,
                    "Topics; without, all that the group has committed")
        ->delimiter(',')
        ->allow_extra_args(false);
    verb.add_option("-p,--partition", words.groups.partitions, "Partitions of each topic")
        ->delimiter(',')
        ->allow_extra_args(false);
    verb.add_option("--to", words.to,
                    "beginning, end, OFFSET, -N (before the end), or a\n"
                    "time: 2026-01-31T12:00:00Z or @MILLISECONDS")
        ->required();
    verb.add_flag("--execute", words.groups.execute, "Do it; without, nothing is changed");
}

void add_groups(CLI::App& app, Words& words) {
    auto& tool = *app.add_subcommand("groups", "The consumer groups, and what they have left");
    add_common(tool, words);
    tool.require_subcommand(0, 1);
    add_common(*tool.add_subcommand("list", "All groups; what it does without a word"), words);
    auto& describe = *tool.add_subcommand("describe", "Members, committed offsets and lag");
    add_common(describe, words);
    describe.add_option("groups", words.groups.groups, "Groups")->required();
    add_reset(tool, words);
    auto& remove = *tool.add_subcommand("delete", "Forget groups that nobody is in");
    add_common(remove, words);
    remove.add_option("groups", words.groups.groups, "Groups")->required();
}

void add_consume(CLI::App& app, Words& words) {
    auto& tool = *app.add_subcommand("consume", "Records out of topics, to the output");
    ConsumeOptions& wish = words.consume;
    add_common(tool, words);
    tool.add_option("topics", wish.topics, "Topics")->required();
    tool.add_option("-p,--partition", wish.partitions, "Partitions of each topic; all without")
        ->delimiter(',')
        ->allow_extra_args(false);
    tool.add_option("--from", words.from,
                    "beginning, end, OFFSET, -N (before the end), or a\n"
                    "time: 2026-01-31T12:00:00Z or @MILLISECONDS; with\n"
                    "--group where nothing is committed")
        ->capture_default_str();
    tool.add_option("-g,--group", wish.group, "Be a member of this group, and commit");
    tool.add_flag("-f,--follow", wish.follow, "Go on at the end, until Ctrl-C");
    tool.add_option("-n,--count", wish.count_max, "End after so many records")
        ->check(CLI::PositiveNumber);
    tool.add_option("-k,--key-separator", wish.format.key_separator,
                    "Write the key and this in front of the value");
    tool.add_option("--separator", wish.format.separator, "Behind each record; a line end without");
    tool.add_flag("-q,--quiet", wish.quiet, "No figures at the end");
}

void add_produce(CLI::App& app, Words& words) {
    auto& tool = *app.add_subcommand("produce", "Records out of files or the input, into a topic");
    ProduceOptions& wish = words.produce;
    add_common(tool, words);
    tool.add_option("topic", wish.topic, "The topic")->required();
    tool.add_option("files", wish.files, "Files, - for the input; the input without");
    tool.add_flag("--create", wish.create, "Make the topic when it isn't there");
    auto* const partition = tool.add_option("-p,--partition", wish.partition,
                                            "The partition; without, by key, or in turn");
    tool.add_flag("--round-robin", words.in_turn, "In turn, whatever the key is")
        ->excludes(partition);
    tool.add_option("-k,--key-separator", wish.key_separator,
                    "Between key and value; without, there are no keys");
    tool.add_option("--separator", wish.separator, "What ends a record; a line end without");
    tool.add_flag("--empty-is-null", wish.empty_is_null, "Send null for an empty value");
    tool.add_option("-z,--compress", words.codec, "none, gzip, snappy, lz4 or zstd")
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
    tool.add_option("--acks", words.acks, "all, 1 or 0")->check(CLI::IsMember({"all", "1", "0"}));
    tool.add_flag("-q,--quiet", wish.quiet, "No figures at the end");
}

GroupsOptions::Wish wish_of(const CLI::App& groups) {
    using Wish = GroupsOptions::Wish;
    if (groups.got_subcommand("describe")) return Wish::kDescribe;
    if (groups.got_subcommand("reset")) return Wish::kReset;
    if (groups.got_subcommand("delete")) return Wish::kDelete;
    return Wish::kList;
}

/// What a shell makes hard to type: \n, \t, \r, \0 and \\.
std::string unescaped(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            plain += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'n': plain += '\n'; break;
            case 't': plain += '\t'; break;
            case 'r': plain += '\r'; break;
            case '0': plain += '\0'; break;
            default: plain += text[i];
        }
    }
    return plain;
}

ToolArguments wrong(const std::string& text) { return {std::nullopt, "millrace: " + text, false}; }

std::string without_blank_lines_at_end(std::string text) {
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
}

ToolArguments not_a_position(const std::string& text) {
    return wrong("not a place to read from: " + text);
}

ToolArguments with(Words& words, decltype(ToolOptions::wish) wish) {
    const auto bootstrap = parse_bootstrap(words.bootstrap);
    if (!bootstrap) return wrong("not HOST:PORT: " + words.bootstrap);
    return {ToolOptions{*bootstrap, words.json, std::move(wish)}, {}, false};
}

ToolArguments understand_groups(Words& words, const CLI::App& tool) {
    words.groups.wish = wish_of(tool);
    words.groups.json = words.json;
    if (words.groups.wish == GroupsOptions::Wish::kReset) {
        const auto to = parse_position(words.to);
        if (!to) return not_a_position(words.to);
        words.groups.to = *to;
    }
    return with(words, words.groups);
}

ToolArguments understand_consume(Words& words) {
    ConsumeOptions& wish = words.consume;
    const auto from = parse_position(words.from);
    if (!from) return not_a_position(words.from);
    wish.from = *from;
    if (!wish.group.empty() && !wish.partitions.empty()) {
        return wrong("a group divides its partitions itself: --group or --partition");
    }
    wish.format.json = words.json;
    wish.format.separator = unescaped(wish.format.separator);
    if (wish.format.key_separator)
        wish.format.key_separator = unescaped(*wish.format.key_separator);
    return with(words, wish);
}

ToolArguments understand_produce(Words& words) {
    ProduceOptions& wish = words.produce;
    wish.json = words.json;
    wish.separator = unescaped(wish.separator);
    if (wish.separator.empty()) return wrong("--separator can't be empty");
    if (wish.key_separator) wish.key_separator = unescaped(*wish.key_separator);
    if (wish.key_separator && wish.key_separator->empty()) {
        return wrong("--key-separator can't be empty");
    }
    if (words.in_turn) wish.rule = Partitioner::Rule::kInTurn;
    wish.sending.codec = codec_named(words.codec).value_or(Codec::kNone);
    wish.sending.acks = words.acks == "all" ? std::int16_t{-1}
                                            : static_cast<std::int16_t>(words.acks == "1" ? 1 : 0);
    return with(words, wish);
}

ToolArguments understand(const CLI::App& app, Words& words) {
    if (app.got_subcommand("topics")) {
        words.topics.json = words.json;
        return with(words, words.topics);
    }
    if (app.got_subcommand("groups")) {
        return understand_groups(words, *app.get_subcommand("groups"));
    }
    if (app.got_subcommand("consume")) return understand_consume(words);
    return understand_produce(words);
}

}  // namespace

bool names_tool(std::string_view word) { return std::ranges::find(kTools, word) != kTools.end(); }

ToolArguments parse_tool_arguments(int count, const char* const* values) {
    CLI::App app("", "millrace");
    Words words;
    app.require_subcommand(1);
    add_topics(app, words);
    add_groups(app, words);
    add_consume(app, words);
    add_produce(app, words);
    try {
        app.parse(count, values);
    } catch (const CLI::CallForHelp&) {
        return {std::nullopt, without_blank_lines_at_end(app.help()), true};
    } catch (const CLI::ParseError& error) {
        return wrong(error.what());
    }
    return understand(app, words);
}

}  // namespace millrace
