#include "runner/job/step_output.hh"
#include "sandbox/base/file.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <vector>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;

/// Keeps the lines it is told.
class Lines : public Progress {
public:
    void warning(std::string_view) override {}
    void step_started(std::size_t, std::string_view) override {}
    void step_cached(std::size_t, std::string_view) override {}
    void step_output(std::size_t, double, std::string_view line) override
    {
        lines.emplace_back(line);
    }
    void step_ended(std::size_t, double, std::string_view) override {}
    void result(std::string_view, std::string_view) override {}
    std::vector<std::string> lines;
};

TEST(StepOutput, ComesLineByLineWithTheLastOneEvenUnfinished)
{
    Lines progress;
    StepOutput output(progress, 1, 1000);

    write_all(output.pipes().output, "one\ntw");
    write_all(output.pipes().output, "o\n\nthree");
    output.start([](sandbox::Outcome::Kind) { FAIL() << "no limit was reached"; });

    EXPECT_EQ(output.finish(), "one\ntwo\n\nthree\n");
    EXPECT_THAT(progress.lines, ElementsAre("one", "two", "", "three"));
}

TEST(StepOutput, EndsAStepThatPrintsTooMuchOnce)
{
    Lines progress;
    std::vector<sandbox::Outcome::Kind> stops;
    StepOutput output(progress, 1, 10);

    write_all(output.pipes().output, std::string(100, 'x') + "\n");
    write_all(output.pipes().errors, std::string(100, 'y') + "\n");
    output.start([&](sandbox::Outcome::Kind reason) { stops.push_back(reason); });

    EXPECT_EQ(output.finish(), std::string(10, 'x') + "\n");
    EXPECT_THAT(stops, ElementsAre(sandbox::Outcome::Kind::kTooMuchOutput));
}

TEST(StepOutput, KeepsOnlyTheLastLines)
{
    Lines progress;
    StepOutput output(progress, 1, 1U << 20U);
    for (int line = 0; line < 100; ++line)
        write_all(output.pipes().output, std::to_string(line) + "\n");
    output.start([](sandbox::Outcome::Kind) {});

    const std::string tail = output.finish();

    EXPECT_TRUE(tail.starts_with("80\n"));
    EXPECT_TRUE(tail.ends_with("99\n"));
}

} // namespace
} // namespace caisson::runner
