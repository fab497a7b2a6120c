// Meaning. Nodes become typed instructions, instructions become stages; what Docker would refuse,
// or what caisson has not learnt yet, ends here with its line.
#include "runner/dockerfile/parser.hh"

#include "runner/dockerfile/copy.hh"
#include "runner/dockerfile/flags.hh"
#include "runner/dockerfile/healthcheck.hh"
#include "runner/dockerfile/node.hh"
#include "runner/dockerfile/utf8.hh"
#include "runner/dockerfile/words.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

using What = decltype(Instruction::what);

void refuse_all_flags(const SyntaxNode& node, const Place& place)
{
    Flags(node, place).finish();
}

void need_words(const SyntaxNode& node, const Place& place)
{
    if (node.words.empty()) place.fail(to_upper(node.command) + " needs an argument");
}

/// USER, WORKDIR, STOPSIGNAL, MAINTAINER.
std::string only_word(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    need_words(node, place);
    return node.words.front();
}

std::vector<KeyValue> pairs(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    need_words(node, place);
    std::vector<KeyValue> values;
    for (std::size_t index = 0; index + 2 < node.words.size(); index += 3) {
        if (node.words[index].empty())
            place.fail(to_upper(node.command) + " needs a name before the =", "=");
        values.emplace_back(node.words[index], node.words[index + 1]);
    }
    return values;
}

What make_env(const SyntaxNode& node, const Place& place)
{
    return Env{pairs(node, place)};
}

What make_label(const SyntaxNode& node, const Place& place)
{
    return Label{pairs(node, place)};
}

What make_arg(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    need_words(node, place);
    Arg arg;
    for (const std::string& word : node.words) {
        const std::size_t equals = word.find('=');
        if (equals == 0) place.fail("ARG needs a name before the =", word);
        if (equals == std::string::npos)
            arg.values.emplace_back(word, std::nullopt);
        else
            arg.values.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return arg;
}

What make_any_copy(const SyntaxNode& node, const Place& place)
{
    return make_copy(node, place);
}

/// `RUN <<EOF` alone: the body is the script. Anything more is the shell's to read: it gets the
/// line and the bodies, just as it would find them in a file.
void add_heredocs(Run& run, const SyntaxNode& node)
{
    const RawHeredoc& first = node.heredocs.front();
    if (parse_heredoc(run.command)) {
        const std::string& body = first.body;
        run.script = Heredoc{.name = first.mark.name,
                             .content = first.mark.strip_tabs ? without_leading_tabs(body) : body,
                             .expand = first.mark.expand};
    }
    for (const RawHeredoc& heredoc : node.heredocs)
        run.command += "\n" + heredoc.body + heredoc.mark.name;
}

What make_run(const SyntaxNode& node, const Place& place)
{
    Flags flags(node, place);
    flags.refuse({"mount", "network", "security", "device"});
    flags.finish();
    if (node.words.empty()) place.fail("RUN needs a command");
    Run run{.shell_form = !node.json};
    if (node.json)
        run.argv = node.words;
    else
        run.command = node.words.front();
    if (!node.heredocs.empty()) add_heredocs(run, node);
    return run;
}

/// CMD [] and ENTRYPOINT [] take away what a base image has; without any argument they are a slip.
template<class Command>
What make_command(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    if (!node.json) need_words(node, place);
    return Command{.shell_form = !node.json, .words = node.words};
}

What make_shell(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    if (!node.json || node.words.empty())
        place.fail("SHELL needs a JSON array of strings", {}, R"(write SHELL ["/bin/sh", "-c"])");
    return Shell{node.words};
}

What make_expose(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    need_words(node, place);
    Expose expose{node.words};
    std::sort(expose.ports.begin(), expose.ports.end());
    return expose;
}

What make_volume(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    need_words(node, place);
    Volume volume;
    for (const std::string& word : node.words) {
        volume.paths.emplace_back(trim(word));
        if (volume.paths.back().empty())
            place.fail("VOLUME needs a path, not an empty string", "\"");
    }
    return volume;
}

What make_user(const SyntaxNode& node, const Place& place)
{
    return User{only_word(node, place)};
}

What make_workdir(const SyntaxNode& node, const Place& place)
{
    return Workdir{only_word(node, place)};
}

What make_stop_signal(const SyntaxNode& node, const Place& place)
{
    return StopSignal{only_word(node, place)};
}

What make_maintainer(const SyntaxNode& node, const Place& place)
{
    return Maintainer{only_word(node, place)};
}

What make_health(const SyntaxNode& node, const Place& place)
{
    return make_healthcheck(node, place);
}

What make_onbuild(const SyntaxNode& node, const Place& place);

using Make = What (*)(const SyntaxNode&, const Place&);
constexpr std::array<std::pair<std::string_view, Make>, 17> kMakers = {{
    {"add", make_any_copy},
    {"arg", make_arg},
    {"cmd", make_command<Cmd>},
    {"copy", make_any_copy},
    {"entrypoint", make_command<Entrypoint>},
    {"env", make_env},
    {"expose", make_expose},
    {"healthcheck", make_health},
    {"label", make_label},
    {"maintainer", make_maintainer},
    {"onbuild", make_onbuild},
    {"run", make_run},
    {"shell", make_shell},
    {"stopsignal", make_stop_signal},
    {"user", make_user},
    {"volume", make_volume},
    {"workdir", make_workdir},
}};

/// The typed form of any node but FROM.
What make_what(const SyntaxNode& node, const Place& place)
{
    // JSON can spell a NUL; every such word would be cut short on its way to the kernel
    for (const std::string& word : node.words)
        if (word.find('\0') != std::string::npos)
            place.fail("a word with a NUL byte in it", "\\u0000");
    const auto* maker = std::find_if(kMakers.begin(), kMakers.end(), [&](const auto& entry) {
        return entry.first == node.command;
    });
    if (maker == kMakers.end()) place.fail(to_upper(node.command) + " is not possible here");
    return maker->second(node, place);
}

What make_onbuild(const SyntaxNode& node, const Place& place)
{
    refuse_all_flags(node, place);
    if (node.trigger.empty()) place.fail("ONBUILD needs an instruction");
    SyntaxNode trigger = node.trigger.front();
    if (trigger.command == "from" || trigger.command == "maintainer")
        place.fail(to_upper(trigger.command) + " is not allowed as an ONBUILD trigger",
                   std::string(split_first(trigger.original).first));
    trigger.heredocs = node.heredocs;
    (void)make_what(trigger, place); // a trigger that could never run is refused where it stands
    Onbuild onbuild{trigger.original};
    for (const RawHeredoc& heredoc : node.heredocs)
        onbuild.instruction += "\n" + heredoc.body + heredoc.mark.name;
    return onbuild;
}

bool is_stage_name(std::string_view name)
{
    const auto lower = [](char byte) { return byte >= 'a' && byte <= 'z'; };
    return !name.empty() && lower(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char byte) {
               return lower(byte) || is_digit(static_cast<unsigned char>(byte)) || byte == '-' ||
                      byte == '_' || byte == '.';
           });
}

std::string
stage_alias(const SyntaxNode& node, const Place& place, const std::vector<Stage>& stages)
{
    if (node.words.size() == 1) return {};
    if (node.words.size() != 3 || to_lower(node.words[1]) != "as")
        place.fail("FROM takes an image, or an image and AS with a name",
                   node.words.size() > 1 ? node.words[1] : std::string{},
                   "write FROM image AS name");
    std::string alias = to_lower(node.words[2]);
    if (!is_stage_name(alias))
        place.fail("the stage name \"" + node.words[2] + "\" is not valid",
                   node.words[2],
                   "begin with a letter; letters, digits, '-', '_' and '.' may follow");
    for (const Stage& stage : stages)
        if (stage.from.alias == alias)
            place.fail("the stage name \"" + alias + "\" is taken by line " +
                           std::to_string(stage.location.line),
                       node.words[2]);
    return alias;
}

Stage make_stage(const SyntaxNode& node, const Place& place, const std::vector<Stage>& stages)
{
    Flags flags(node, place);
    Stage stage{.location = node.where, .original = node.original};
    stage.from.platform = flags.take("platform");
    flags.finish();
    need_words(node, place);
    stage.from.alias = stage_alias(node, place, stages);
    stage.from.image = node.words.front();
    return stage;
}

void refuse_nul(std::string_view text, const Source& source)
{
    const std::size_t at = text.find('\0');
    if (at == std::string_view::npos) return;
    const auto line =
        1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
    source.fail({line, line}, "a NUL byte: this is no text file");
}

} // namespace

Dockerfile parse_dockerfile(std::string_view text, std::string_view name)
{
    const Source source(text, name);
    refuse_nul(text, source);
    Lexer lexer(source);
    Dockerfile file;
    file.escape = lexer.escape();
    for (const SyntaxNode& node : read_nodes(lexer, source)) {
        const Place place{source, node.where};
        if (node.command == "from") {
            file.stages.push_back(make_stage(node, place, file.stages));
            continue;
        }
        Instruction instruction{node.where, node.original, make_what(node, place)};
        if (!file.stages.empty())
            file.stages.back().instructions.push_back(std::move(instruction));
        else if (node.command == "arg")
            file.global_args.push_back(std::move(instruction));
        else
            place.fail(to_upper(node.command) + " comes before the first FROM", {}, "only ARG may");
    }
    if (file.stages.empty()) source.fail({1, 1}, "there is no FROM");
    file.warnings = lexer.take_warnings();
    return file;
}

Instruction parse_instruction(std::string_view line, std::string_view origin)
{
    const Source source(line, origin);
    refuse_nul(line, source);
    Lexer lexer(source);
    const auto nodes = read_nodes(lexer, source);
    const Place place{source, nodes.front().where};
    if (nodes.size() > 1) source.fail(nodes[1].where, "one instruction is expected, not several");
    return {nodes.front().where, nodes.front().original, make_what(nodes.front(), place)};
}

} // namespace caisson::runner
