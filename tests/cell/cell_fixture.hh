#pragma once

#include "sandbox/base/file.hh"
#include "sandbox/launch.hh"

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace caisson::sandbox::testing {

/// How a step ended and what it wrote.
struct Ended {
    Outcome outcome;
    std::string output;
    std::string errors;
};

/// A real chamber on a store of its own, with one frozen tree `base`: busybox, its shell and tools,
/// the probes, /etc/passwd and /etc/group. One chamber serves all tests of a suite.
class CellTest : public ::testing::Test {
protected:
    static void SetUpTestSuite();
    /// What SetUpTestSuite() does, for a suite whose cells need more of the chamber.
    static void set_up_chamber(const ChamberScope& scope);
    static void TearDownTestSuite();
    void SetUp() override;

    /// A plan that runs `argv` on `base` with a new upper tree and the capabilities of a build.
    [[nodiscard]] static Plan plan(std::vector<std::string> argv);
    /// The same for a line of shell.
    [[nodiscard]] static Plan script(const std::string& line);
    [[nodiscard]] static Ended run(const Plan& plan);
    /// Starts a step and gives the chance to meddle with it before it is waited for.
    template<class Meddle>
    [[nodiscard]] static Ended run_and(const Plan& plan, Meddle&& meddle);

    /// Makes an attempt of tests/probes outside, in the middle of bait: true where it succeeded.
    [[nodiscard]] static bool succeeds_outside(const std::string& attempt);
    /// The same in a cell that bait lies around; a probe that cannot say is a failure.
    [[nodiscard]] static bool succeeds_inside(const std::string& attempt);

    /// Unpacks `files` (path in the tree, then content; "->" begins a link's target, a path that
    /// ends in "/" is a directory) as the new tree `id`.
    using Files = std::vector<std::pair<std::string, std::string>>;
    static void make_tree_of(const std::string& id, const Files& files);

    [[nodiscard]] static Chamber& chamber();
    [[nodiscard]] static std::filesystem::path store();
    /// A filter that allows every call of this architecture, so that the other walls are tested.
    [[nodiscard]] static int filter();

private:
    struct Shared;
    static std::unique_ptr<Shared> shared_;
    static std::string reason_; ///< why this host cannot run these tests
};

/// Reads two pipes at once to their ends.
class PipeReaders {
public:
    PipeReaders();
    ~PipeReaders();
    PipeReaders(const PipeReaders&) = delete;
    PipeReaders& operator=(const PipeReaders&) = delete;

    [[nodiscard]] int output() const;
    [[nodiscard]] int errors() const;
    [[nodiscard]] StepPipes pipes() const { return {.output = output(), .errors = errors()}; }
    /// Closes our write ends and waits for the readers.
    void finish(Ended& ended);

private:
    struct State;
    std::unique_ptr<State> state_;
};

template<class Meddle>
Ended CellTest::run_and(const Plan& plan, Meddle&& meddle)
{
    PipeReaders readers;
    Chamber::Running running = chamber().run(plan, filter(), readers.pipes());
    meddle(running);
    Ended ended;
    ended.outcome = chamber().wait(running);
    readers.finish(ended);
    return ended;
}

} // namespace caisson::sandbox::testing
