// RUN: from the instruction to the plan of its cell.
#include "runner/graph/stage_builder.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the kernel makes of a script's first line (execve(2)): the interpreter and at most one
/// argument. The file itself lies on a mount without exec.
std::vector<std::string> interpreter_of(std::string_view script)
{
    std::string_view line = script.substr(
        2, script.find('\n') == std::string_view::npos ? script.size() : script.find('\n') - 2);
    const auto trim = [](std::string_view text) {
        const std::size_t first = text.find_first_not_of(" \t\r");
        const std::size_t last = text.find_last_not_of(" \t\r");
        return first == std::string_view::npos ? std::string_view()
                                               : text.substr(first, last - first + 1);
    };
    line = trim(line);
    const std::size_t space = line.find_first_of(" \t");
    std::vector<std::string> words{std::string(line.substr(0, space))};
    if (space != std::string_view::npos) words.emplace_back(trim(line.substr(space)));
    return words;
}

} // namespace

const sandbox::Plan& StageBuilder::given_plan() const
{
    return state_.config.architecture == "386" ? input_.i386_plan.value() : input_.plan;
}

void StageBuilder::apply(const Run& run)
{
    sandbox::Plan plan = given_plan();
    plan.name = current_->original;
    plan.argv = command_line(run, plan);
    plan.environment = environment();
    plan.working_directory =
        state_.config.working_directory.empty() ? "/" : state_.config.working_directory;
    plan.user = state_.config.user;
    add_node(RunOp{std::move(plan)}, {state_.tip});
}

std::vector<std::string> StageBuilder::command_line(const Run& run, sandbox::Plan& plan) const
{
    if (!run.shell_form) return run.argv;
    std::vector<std::string> argv = shell();
    if (run.script && run.script->content.starts_with("#!")) {
        const std::string path = "/dev/pipes/" + run.script->name;
        plan.files.push_back({.path = path, .content = run.script->content, .mode = 0755});
        argv = interpreter_of(run.script->content);
        argv.push_back(path);
        return argv;
    }
    argv.push_back(run.script ? run.script->content : run.command);
    return argv;
}

std::vector<std::string> StageBuilder::environment() const
{
    std::vector<std::string> environment;
    std::vector<KeyValue> values = state_.config.environment;
    // [ENV] an ENV always wins over an ARG of the same name
    for (const auto& [name, value] : args_.values())
        if (state_.config.find_environment(name) == nullptr) values.emplace_back(name, value);
    const auto has = [&](std::string_view name) {
        return std::any_of(values.begin(), values.end(), [&](const KeyValue& entry) {
            return entry.first == name;
        });
    };
    if (!has("PATH")) values.emplace_back("PATH", kDefaultPath);
    if (!has("SOURCE_DATE_EPOCH"))
        values.emplace_back("SOURCE_DATE_EPOCH", std::to_string(input_.epoch));
    for (const auto& [name, value] : values)
        environment.push_back(name + "=" + value);
    return environment;
}

} // namespace caisson::runner
