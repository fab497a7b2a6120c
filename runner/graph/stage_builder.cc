#include "runner/graph/stage_builder.hh"

#include "runner/dockerfile/parser.hh"
#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

bool changes_files(const Instruction& instruction)
{
    return std::holds_alternative<Run>(instruction.what) ||
           std::holds_alternative<Copy>(instruction.what) ||
           std::holds_alternative<Workdir>(instruction.what);
}

void add_sorted(std::vector<std::string>& values, std::string value)
{
    const auto place = std::lower_bound(values.begin(), values.end(), value);
    if (place == values.end() || *place != value) values.insert(place, std::move(value));
}

} // namespace

std::string join_path(std::string_view directory, std::string_view path)
{
    const std::string whole = path.starts_with('/')
                                  ? std::string(path)
                                  : std::string(directory) + "/" + std::string(path);
    std::vector<std::string_view> parts;
    std::string_view rest = whole;
    bool directory_meant = whole.ends_with('/');
    while (!rest.empty()) {
        const std::size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (!part.empty() && part != "." && part != "..") parts.push_back(part);
        if (rest.empty() && (part == "." || part == "..")) directory_meant = true;
    }
    std::string joined;
    for (const std::string_view part : parts)
        joined.append("/").append(part);
    if (joined.empty() || directory_meant) joined += '/';
    return joined;
}

StageBuilder::StageBuilder(const CompileInput& input,
                           const NeededStage& stage,
                           const std::map<std::size_t, StageState>& done,
                           Graph& graph)
    : input_(input)
    , needed_(stage)
    , done_(done)
    , graph_(graph)
    , stage_(input.dockerfile.stages[stage.index])
    , args_(input.args.new_scope())
{
    steps_ += static_cast<std::size_t>(
        std::count_if(stage_.instructions.begin(), stage_.instructions.end(), changes_files));
}

StageState StageBuilder::build()
{
    start_from_base();
    run_triggers();
    for (const Instruction& instruction : stage_.instructions)
        apply(instruction);
    return std::move(state_);
}

void StageBuilder::start_from_base()
{
    if (needed_.base.stage) {
        state_ = done_.at(*needed_.base.stage);
        check_architecture();
        return;
    }
    const std::string& image = needed_.base.image;
    const std::string key = image == "scratch" ? image : base_key(needed_.base);
    if (image == "scratch") {
        state_.config = scratch_config();
        state_.config.created.clear();
        if (!needed_.base.architecture.empty())
            state_.config.architecture = needed_.base.architecture;
    } else {
        const BaseImage& base = input_.bases.at(key);
        state_.config = base.config;
        for (const History& line : base.config.history)
            state_.history.push_back({.history = line});
    }
    graph_.nodes.push_back(
        {.op = BaseOp{key},
         .stage = needed_.name,
         .name = "[" + needed_.name + "] FROM " + key,
         .where = input_.file_name + ":" + std::to_string(stage_.location.line)});
    state_.tip = graph_.nodes.size() - 1;
}

/// --platform of a stage that starts from another: that one's platform is what it gets.
void StageBuilder::check_architecture() const
{
    const std::string& wanted = needed_.base.architecture;
    if (!wanted.empty() && state_.config.architecture != wanted)
        throw Error(ErrorKind::kUsage,
                    input_.file_name + ":" + std::to_string(stage_.location.line) +
                        ": the stage is for linux/" + state_.config.architecture +
                        ", not for linux/" + wanted,
                    "--platform goes with the FROM of a base image");
}

void StageBuilder::run_triggers()
{
    // [ONBUILD] triggers run first in the stage that starts from the image, and are not inherited
    // further
    const std::vector<std::string> triggers = std::exchange(state_.config.onbuild, {});
    for (const std::string& trigger : triggers) {
        Instruction instruction =
            parse_instruction(trigger, "ONBUILD of \"" + needed_.base.image + "\"");
        instruction.location = stage_.location;
        if (const auto* copy = std::get_if<Copy>(&instruction.what);
            copy != nullptr && !copy->from.empty())
            throw Error(ErrorKind::kUsage,
                        place() + ": ONBUILD " + trigger +
                            ": --from in a trigger of a base image is not supported yet");
        ++steps_;
        apply(instruction);
    }
}

void StageBuilder::apply(const Instruction& instruction)
{
    current_ = &instruction;
    current_node_.reset();
    in_context(place(),
               [&] { std::visit([this](const auto& what) { apply(what); }, instruction.what); });
    state_.history.push_back({.history = {.created = rfc3339(input_.epoch),
                                          .created_by = instruction.original,
                                          .empty_layer = true},
                              .node = current_node_});
}

void StageBuilder::apply(const Arg& arg)
{
    args_.declare(
        arg,
        [this](std::string_view name) { return find_variable(name); },
        input_.dockerfile.escape);
}

void StageBuilder::apply(const Env& env)
{
    // [ENV] every value of one instruction sees the environment as it was before the instruction
    std::vector<KeyValue> values;
    for (const auto& [name, value] : env.values)
        values.emplace_back(expanded(name), expanded(value));
    for (const auto& [name, value] : values)
        state_.config.set_environment(name, value);
}

void StageBuilder::apply(const Label& label)
{
    for (const auto& [name, value] : label.values)
        state_.config.labels[expanded(name)] = expanded(value);
}

void StageBuilder::apply(const Copy& copy)
{
    CopyOp op{.owner = expanded(copy.chown),
              .mode = expanded(copy.chmod),
              .from_node = !copy.from.empty(),
              .unpack = copy.add};
    for (const std::string& source : copy.sources)
        op.sources.push_back(expanded(source));
    const Lookup lookup = [this](std::string_view name) { return find_variable(name); };
    for (const Heredoc& file : copy.inline_files)
        op.inline_files.emplace_back(
            file.name,
            file.expand ? expand_raw(file.content, lookup, input_.dockerfile.escape)
                        : file.content);
    op.destination = absolute(expanded(copy.destination));
    std::vector<NodeId> inputs{state_.tip};
    if (op.from_node) inputs.push_back(copy_source(copy.from));
    add_node(std::move(op), std::move(inputs));
}

NodeId StageBuilder::copy_source(const std::string& name)
{
    const StageReference& source = needed_.copies.at(name);
    if (source.stage) return done_.at(*source.stage).tip;
    graph_.nodes.push_back({.op = BaseOp{source.image},
                            .stage = needed_.name,
                            .name = "[" + needed_.name + "] FROM " + source.image,
                            .where = place()});
    return graph_.nodes.size() - 1;
}

void StageBuilder::apply(const Cmd& cmd)
{
    state_.config.cmd = cmd.words;
    if (cmd.shell_form) {
        state_.config.cmd = shell();
        state_.config.cmd.insert(state_.config.cmd.end(), cmd.words.begin(), cmd.words.end());
    }
    cmd_set_ = true;
}

void StageBuilder::apply(const Entrypoint& entrypoint)
{
    state_.config.entrypoint = entrypoint.words;
    if (entrypoint.shell_form && !entrypoint.words.empty()) {
        state_.config.entrypoint = shell();
        state_.config.entrypoint.insert(
            state_.config.entrypoint.end(), entrypoint.words.begin(), entrypoint.words.end());
    }
    // [CMD] a CMD of the base image does not outlive a new ENTRYPOINT
    if (!cmd_set_) state_.config.cmd.clear();
}

void StageBuilder::apply(const Workdir& workdir)
{
    std::string path = absolute(expanded(workdir.path));
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    state_.config.working_directory = path;
    if (path != "/") add_node(DirectoryOp{path}, {state_.tip});
}

void StageBuilder::apply(const User& user)
{
    state_.config.user = expanded(user.user);
    if (state_.config.user.empty())
        throw Error(ErrorKind::kUsage, "USER " + user.user + " names nobody");
}

void StageBuilder::apply(const Shell& shell)
{
    state_.config.shell = shell.argv;
}

void StageBuilder::apply(const Expose& expose)
{
    const Lookup lookup = [this](std::string_view name) { return find_variable(name); };
    for (const std::string& text : expose.ports)
        for (const std::string& port : expand_words(text, lookup, input_.dockerfile.escape)) {
            const std::size_t slash = port.find('/');
            const std::string number = port.substr(0, slash);
            const std::string protocol =
                slash == std::string::npos ? "tcp" : port.substr(slash + 1);
            const std::size_t dash = number.find('-');
            const bool digits =
                !number.empty() && number.find_first_not_of("0123456789-") == std::string::npos;
            const int first = digits ? std::atoi(number.c_str()) : 0;
            const int last =
                digits && dash != std::string::npos ? std::atoi(number.c_str() + dash + 1) : first;
            if (!digits || first < 1 || last < first || last > 65535 ||
                (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
                throw Error(ErrorKind::kUsage,
                            "EXPOSE " + port + " is no port",
                            "as in 8080, 8080/udp or 8000-8010");
            for (int each = first; each <= last; ++each)
                add_sorted(state_.config.exposed_ports, std::to_string(each) + "/" + protocol);
        }
}

void StageBuilder::apply(const Volume& volume)
{
    for (const std::string& text : volume.paths) {
        const std::string path = expanded(text);
        if (path.empty()) throw Error(ErrorKind::kUsage, "VOLUME " + text + " names nothing");
        add_sorted(state_.config.volumes, path);
    }
}

void StageBuilder::apply(const StopSignal& signal)
{
    state_.config.stop_signal = expanded(signal.signal);
}

void StageBuilder::apply(const Healthcheck& check)
{
    nlohmann::json json = {{"Test", check.test}};
    if (check.interval != 0) json["Interval"] = check.interval;
    if (check.timeout != 0) json["Timeout"] = check.timeout;
    if (check.start_period != 0) json["StartPeriod"] = check.start_period;
    if (check.start_interval != 0) json["StartInterval"] = check.start_interval;
    if (check.retries != 0) json["Retries"] = check.retries;
    state_.config.healthcheck = std::move(json);
}

void StageBuilder::apply(const Onbuild& trigger)
{
    state_.config.onbuild.push_back(trigger.instruction);
}

void StageBuilder::apply(const Maintainer& maintainer)
{
    state_.config.labels["maintainer"] = maintainer.name;
}

void StageBuilder::add_node(Op op, std::vector<NodeId> inputs)
{
    ++step_;
    graph_.nodes.push_back({.op = std::move(op),
                            .inputs = std::move(inputs),
                            .stage = needed_.name,
                            .name = "[" + needed_.name + " " + std::to_string(step_ - 1) + "/" +
                                    std::to_string(steps_ - 1) + "] " + current_->original,
                            .where = place()});
    state_.tip = graph_.nodes.size() - 1;
    current_node_ = state_.tip;
}

std::string StageBuilder::expanded(std::string_view text) const
{
    return expand(
        text,
        [this](std::string_view name) { return find_variable(name); },
        input_.dockerfile.escape);
}

std::optional<std::string> StageBuilder::find_variable(std::string_view name) const
{
    if (const std::string* value = state_.config.find_environment(std::string(name))) return *value;
    return args_.find(name);
}

std::vector<std::string> StageBuilder::shell() const
{
    return state_.config.shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"}
                                       : state_.config.shell;
}

std::string StageBuilder::absolute(const std::string& path) const
{
    return join_path(
        state_.config.working_directory.empty() ? "/" : state_.config.working_directory, path);
}

std::string StageBuilder::place() const
{
    const int line = current_ == nullptr ? stage_.location.line : current_->location.line;
    return input_.file_name + ":" + std::to_string(line);
}

} // namespace caisson::runner
