#include "runner/dockerfile/copy.hh"

#include "runner/dockerfile/flags.hh"
#include "runner/dockerfile/parser.hh"
#include "runner/dockerfile/utf8.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

constexpr std::array<std::string_view, 6> kRemotePrefixes = {
    "http://", "https://", "git://", "ssh://", "git@", "github.com/"};

/// A mode that holds no variable must be what chmod(1) takes as a number.
void check_mode(const std::string& mode, const std::string& command, const Place& place)
{
    if (mode.empty() || mode.find('$') != std::string::npos) return;
    const bool octal = mode.size() <= 5 && std::all_of(mode.begin(), mode.end(), [](char digit) {
                           return digit >= '0' && digit <= '7';
                       });
    if (!octal)
        place.fail(command + " --chmod=" + mode + " is not supported yet",
                   "--chmod",
                   "write the mode as a number, like 755");
}

void check_source(const std::string& source, bool add, const Place& place)
{
    if (source == "<<" || source == "<<-")
        place.fail("no name right behind " + source, source, "write " + source + "EOF");
    if (!is_remote_source(source)) return;
    if (add) place.fail("ADD of a URL or a git repository is not supported yet", source);
    place.fail("COPY cannot read a URL", source, "only ADD does, in Docker");
}

/// The body that belongs to `mark`, which names it. As in Docker the last of a name wins.
Heredoc inline_file(const HeredocMark& mark, const SyntaxNode& node)
{
    Heredoc file{.name = mark.name, .expand = mark.expand};
    for (const RawHeredoc& heredoc : node.heredocs)
        if (heredoc.mark.name == mark.name)
            file.content = mark.strip_tabs ? without_leading_tabs(heredoc.body) : heredoc.body;
    return file;
}

} // namespace

bool is_remote_source(std::string_view source)
{
    const std::string lower = to_lower(source);
    return std::any_of(kRemotePrefixes.begin(),
                       kRemotePrefixes.end(),
                       [&](std::string_view prefix) { return lower.starts_with(prefix); });
}

Copy make_copy(const SyntaxNode& node, const Place& place)
{
    const std::string command = to_upper(node.command);
    Copy copy{.add = node.command == "add"};
    Flags flags(node, place);
    copy.chown = flags.take("chown");
    copy.chmod = flags.take("chmod");
    if (copy.add) {
        flags.refuse({"checksum", "keep-git-dir", "link", "exclude", "unpack"});
    } else {
        copy.from = flags.take("from");
        flags.refuse({"link", "parents", "exclude"});
    }
    flags.finish();
    check_mode(copy.chmod, command, place);

    if (node.words.size() < 2) place.fail(command + " needs a source and a destination");
    copy.destination = node.words.back();
    if (!node.json && parse_heredoc(copy.destination))
        place.fail(command + " cannot write to a heredoc", copy.destination);
    for (std::size_t index = 0; index + 1 < node.words.size(); ++index) {
        const std::string& source = node.words[index];
        if (const auto mark = node.json ? std::nullopt : parse_heredoc(source)) {
            copy.inline_files.push_back(inline_file(*mark, node));
        } else {
            check_source(source, copy.add, place);
            copy.sources.push_back(source);
        }
    }
    return copy;
}

} // namespace caisson::runner
