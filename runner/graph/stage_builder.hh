#pragma once

#include "runner/graph/from_dockerfile.hh"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace caisson::runner {

/// What is known of a stage once it is compiled; a later `FROM stage` starts from a copy.
struct StageState {
    ImageConfig config;
    std::vector<HistoryLine> history;
    NodeId tip = 0;
};

/// Compiles one stage, instruction by instruction: the image's configuration as it grows, and the
/// nodes for what changes files. Rules as in the Dockerfile reference; file names in brackets are
/// its sections.
class StageBuilder {
public:
    /// `done`: the stages compiled so far, by number.
    StageBuilder(const CompileInput& input,
                 const NeededStage& stage,
                 const std::map<std::size_t, StageState>& done,
                 Graph& graph);
    [[nodiscard]] StageState build();

private:
    void start_from_base();
    void check_architecture() const;
    [[nodiscard]] const sandbox::Plan& given_plan() const;
    void apply(const Instruction& instruction);
    void apply(const Arg& arg);
    void apply(const Env& env);
    void apply(const Label& label);
    void apply(const Copy& copy);
    void apply(const Run& run);
    void apply(const Cmd& cmd);
    void apply(const Entrypoint& entrypoint);
    void apply(const Workdir& workdir);
    void apply(const User& user);
    void apply(const Shell& shell);
    void apply(const Expose& expose);
    void apply(const Volume& volume);
    void apply(const StopSignal& signal);
    void apply(const Healthcheck& check);
    void apply(const Onbuild& trigger);
    void apply(const Maintainer& maintainer);

    void run_triggers();
    void add_node(Op op, std::vector<NodeId> inputs);
    NodeId copy_source(const std::string& name);
    [[nodiscard]] std::vector<std::string> command_line(const Run& run, sandbox::Plan& plan) const;
    [[nodiscard]] std::vector<std::string> environment() const;
    [[nodiscard]] std::string expanded(std::string_view text) const;
    [[nodiscard]] std::optional<std::string> find_variable(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> shell() const;
    [[nodiscard]] std::string absolute(const std::string& path) const;
    [[nodiscard]] std::string place() const;

    const CompileInput& input_;
    const NeededStage& needed_;
    const std::map<std::size_t, StageState>& done_;
    Graph& graph_;
    const Stage& stage_;
    BuildArgs::Scope args_;
    StageState state_;
    const Instruction* current_ = nullptr;
    std::optional<NodeId> current_node_;
    std::size_t step_ = 1;
    std::size_t steps_ = 1;
    bool cmd_set_ = false;
};

/// A path against a working directory: absolute, `.` and `..` resolved, a trailing `/` (or `/.`)
/// kept.
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view path);

} // namespace caisson::runner
