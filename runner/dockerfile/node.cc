// Words. Each command has its own way to fall into words, as in BuildKit's line parsers.
#include "runner/dockerfile/node.hh"

#include "runner/dockerfile/utf8.hh"
#include "runner/dockerfile/words.hh"

#include <algorithm>
#include <array>
#include <utility>

namespace caisson::runner {
namespace {

/// What a line's words are read with.
struct Reader {
    char escape;
    const Place& place;
    bool within_onbuild = false;
};

SyntaxNode node_from_line(std::string_view line, const Reader& reader);

/// STOPSIGNAL, USER, WORKDIR, MAINTAINER: the rest of the line is one word.
void read_one(SyntaxNode& node, std::string_view rest, const Reader& /*reader*/)
{
    if (!rest.empty()) node.words.emplace_back(rest);
}

/// EXPOSE, FROM.
void read_plain(SyntaxNode& node, std::string_view rest, const Reader& /*reader*/)
{
    node.words = split_plain(rest);
}

/// ARG.
void read_quoted(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    node.words = split_quoted(rest, reader.escape);
}

/// RUN, CMD, ENTRYPOINT, SHELL: a JSON array, or the line as one word.
void read_command(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    if (rest.empty()) return;
    auto words = parse_json_words(rest, reader.place);
    node.json = words.has_value();
    if (words)
        node.words = *std::move(words);
    else
        node.words.emplace_back(rest);
}

/// COPY, ADD, VOLUME: a JSON array, or words.
void read_list(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    auto words = parse_json_words(rest, reader.place);
    node.json = words.has_value();
    node.words = words ? *std::move(words) : split_plain(rest);
}

/// ENV, LABEL: `name=value …`, or the old `name value` whose value is the rest of the line.
void read_pairs(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    const auto words = split_quoted(rest, reader.escape);
    if (words.empty()) return;
    if (words.front().find('=') == std::string::npos) {
        const auto [name, value] = split_first(rest);
        if (value.empty())
            reader.place.fail(to_upper(node.command) + " needs a name and a value", name);
        node.words = {std::string(name), std::string(value), ""};
        return;
    }
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos)
            reader.place.fail("no = in \"" + word + "\"", word, "write name=value");
        node.words.insert(node.words.end(), {word.substr(0, equals), word.substr(equals + 1), "="});
    }
}

/// HEALTHCHECK: a kind, then a command.
void read_healthcheck(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    if (rest.empty()) return;
    const auto [kind, command] = split_first(rest);
    read_command(node, command, reader);
    node.words.insert(node.words.begin(), std::string(kind));
}

void read_onbuild(SyntaxNode& node, std::string_view rest, const Reader& reader)
{
    if (rest.empty()) return;
    // one level is all there is, and the grammar must not recurse on a hostile line
    if (reader.within_onbuild) reader.place.fail("ONBUILD ONBUILD is not allowed", "ONBUILD");
    node.trigger.push_back(
        node_from_line(rest, {reader.escape, reader.place, /*within_onbuild=*/true}));
}

using Read = void (*)(SyntaxNode&, std::string_view, const Reader&);
constexpr std::array<std::pair<std::string_view, Read>, 18> kReaders = {{
    {"add", read_list},
    {"arg", read_quoted},
    {"cmd", read_command},
    {"copy", read_list},
    {"entrypoint", read_command},
    {"env", read_pairs},
    {"expose", read_plain},
    {"from", read_plain},
    {"healthcheck", read_healthcheck},
    {"label", read_pairs},
    {"maintainer", read_one},
    {"onbuild", read_onbuild},
    {"run", read_command},
    {"shell", read_command},
    {"stopsignal", read_one},
    {"user", read_one},
    {"volume", read_list},
    {"workdir", read_one},
}};

[[noreturn]] void fail_unknown(std::string_view word, const Place& place)
{
    std::vector<std::string_view> known;
    known.reserve(kReaders.size());
    for (const auto& [command, read] : kReaders)
        known.push_back(command);
    const std::string_view meant = closest(to_lower(word), known);
    place.fail("unknown instruction \"" + std::string(word) + "\"",
               word,
               meant.empty() ? std::string{} : "did you mean " + to_upper(meant) + "?");
}

SyntaxNode node_from_line(std::string_view line, const Reader& reader)
{
    const auto [word, rest] = split_first(trim(line));
    SyntaxNode node;
    node.command = to_lower(word);
    node.original = trim(line);
    const auto* found = std::find_if(kReaders.begin(), kReaders.end(), [&](const auto& entry) {
        return entry.first == node.command;
    });
    if (found == kReaders.end()) fail_unknown(word, reader.place);
    std::string_view arguments = rest;
    node.flags = take_flags(arguments);
    found->second(node, trim(arguments), reader);
    return node;
}

bool can_have_heredocs(const SyntaxNode& node)
{
    const SyntaxNode& command = node.trigger.empty() ? node : node.trigger.front();
    return !command.json &&
           (command.command == "run" || command.command == "copy" || command.command == "add");
}

} // namespace

std::vector<SyntaxNode> read_nodes(Lexer& lexer, const Source& source)
{
    std::vector<SyntaxNode> nodes;
    while (auto line = lexer.next()) {
        const Place place{source, line->where};
        SyntaxNode node = node_from_line(line->text, {lexer.escape(), place});
        node.where = line->where;
        if (can_have_heredocs(node))
            for (HeredocMark& mark : find_heredocs(line->text)) {
                std::string body = lexer.read_body(mark, node.where);
                node.heredocs.push_back({std::move(mark), std::move(body)});
            }
        nodes.push_back(std::move(node));
    }
    if (nodes.empty()) source.fail({1, 1}, "the file holds no instruction");
    return nodes;
}

} // namespace caisson::runner
