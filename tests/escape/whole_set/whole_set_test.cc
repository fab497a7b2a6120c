// The story: somebody's Dockerfile runs a program that tries five hundred things, one after
// another: to leave the sandbox, to take a step towards it, to look around. The launcher is
// careless, too: it hands on a directory, a socket, a terminal, its groups and its environment.
//
// The assertion: nothing that matters works, and of what only shows something no more than
// SECURITY.md explains; while outside, as root, everything works that this kernel has.
#include "tests/escape/probed_build.hh"
#include "tests/escape/whole_set/exceptions.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <unistd.h>

namespace caisson::testing {
namespace {

template<class Predicate>
std::vector<ProbeLine> those(const std::vector<ProbeLine>& lines, Predicate&& predicate)
{
    std::vector<ProbeLine> some;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(some), predicate);
    return some;
}

std::set<std::string> ids_of(const std::vector<ProbeLine>& lines)
{
    std::set<std::string> ids;
    for (const ProbeLine& line : lines)
        ids.insert(line.id);
    return ids;
}

bool has_severity(const ProbeLine& line, const char* severity)
{
    return line.severity == severity;
}

constexpr std::size_t kMostOfSurface = 5;

TEST(WholeSet, SucceedsOutsideButForWhatTheKernelHasNot)
{
    if (::geteuid() != 0) GTEST_SKIP() << "outside, only root succeeds with these";
    const std::vector<ProbeLine> lines = probe_outside({});

    const auto unexplained = those(lines, [](const ProbeLine& line) {
        // another kernel than CI's may lack other things: the probe says which
        const bool may_be_missing = line.result == "absent" && !must_run();
        return !line.is_open() && !may_be_missing && !closed_outside().contains(line.id);
    });

    EXPECT_TRUE(unexplained.empty()) << "they prove nothing, and no reason is known:\n"
                                     << describe(unexplained);
}

TEST(WholeSet, IsNotBlindForAUserEither)
{
    const std::vector<ProbeLine> open =
        those(probe_outside({}), [](const ProbeLine& line) { return line.is_hole(); });

    EXPECT_GE(those(open, [](const auto& line) { return has_severity(line, "must"); }).size(), 50U);
    EXPECT_GE(open.size(), 180U);
}

TEST(WholeSet, FindsNothingThatMattersInACell)
{
    const Workspace work;

    const ProbedBuild probed = probe_in_build(work, {});

    ASSERT_EQ(probed.build.exit, 0) << probed.build.err;
    const auto holes = those(probed.lines, [](const ProbeLine& line) { return line.is_hole(); });
    const auto unexplained =
        those(holes, [](const ProbeLine& line) { return !open_inside().contains(line.id); });
    EXPECT_TRUE(unexplained.empty()) << describe(unexplained);
    EXPECT_TRUE(those(holes, [](const auto& line) { return has_severity(line, "must"); }).empty());
    EXPECT_LE(holes.size(), kMostOfSurface);
    // a place where what every build does fails is no cell, and a set that broke off is none
    const auto broken = those(probed.lines, [](const ProbeLine& line) {
        return has_severity(line, "control") && !line.is_open();
    });
    EXPECT_TRUE(broken.empty()) << describe(broken);
    EXPECT_EQ(ids_of(probed.lines), ids_of(probe_outside({})));
}

TEST(WholeSet, HasACheapPartThatFindsTheSame)
{
    const Workspace work;

    const ProbedBuild whole = probe_in_build(work, {});
    const ProbedBuild cheap = probe_in_build(work, {"--cheap"});

    ASSERT_EQ(cheap.build.exit, 0) << cheap.build.err;
    EXPECT_GT(cheap.lines.size(), 400U);
    for (const ProbeLine& line : cheap.lines) {
        const auto same =
            those(whole.lines, [&](const auto& other) { return other.id == line.id; });
        ASSERT_EQ(same.size(), 1U) << line.id;
        EXPECT_EQ(same[0].is_open(), line.is_open()) << describe({line});
    }
}

TEST(WholeSet, ExplainsInSecurityWhatIsOpen)
{
    const std::string text = read_file(checkout::source() / "SECURITY.md", 1U << 20U);

    for (const auto& [id, reason] : open_inside())
        EXPECT_NE(text.find("`" + id + "`"), std::string::npos) << id << ": " << reason;
}

} // namespace
} // namespace caisson::testing
