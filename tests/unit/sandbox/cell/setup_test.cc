#include "sandbox/base/file.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/cell/setup.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string_view>

namespace caisson::sandbox {
namespace {

std::size_t place_of(std::string_view name)
{
    const auto steps = cell_setup();
    const auto found = std::find_if(
        steps.begin(), steps.end(), [&](const Step& step) { return step.name == name; });
    EXPECT_NE(found, steps.end()) << name;
    return static_cast<std::size_t>(found - steps.begin());
}

TEST(CellSetup, GivesAReasonForEveryLineAndNamesEachOnce)
{
    std::set<std::string_view> names;
    for (const Step& step : cell_setup()) {
        EXPECT_TRUE(names.insert(step.name).second) << step.name;
        EXPECT_GT(std::string_view(step.why_here).size(), 10U) << step.name;
    }
}

TEST(CellSetup, RaisesTheWallsInTheOnlyOrderThatHolds)
{
    EXPECT_EQ(place_of("die with the chamber"), 0U);
    EXPECT_EQ(place_of("filter system calls and execute"), cell_setup().size() - 1);
    for (const auto& [earlier, later] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"await plan", "join cgroups"},
             {"join cgroups", "hide cgroups"},
             {"hide cgroups", "split off init"},
             {"keep to itself", "await plan"},
             {"detach mounts", "mount devices"},
             {"forbid user namespaces", "mount procfs"},
             {"mount procfs", "await plan"},
             {"move in devices and procfs", "enter root"},
             {"enter root", "split off init"},
             {"enter root", "find user"},
             {"set limits", "drop privileges"},
             {"drop privileges", "forbid gains"},
             {"forbid gains", "restrict files"},
             {"restrict files", "close descriptors"}})
        EXPECT_LT(place_of(earlier), place_of(later)) << earlier << " before " << later;
}

TEST(Report, BringsBackWhatACellSaid)
{
    auto [read_end, write_end] = make_pipe();
    report_ready(write_end.get(), 6);
    report_not_found(write_end.get(), 127, "\"\xff\": not found in PATH");
    report_error(write_end.get(), Error(ErrorKind::kHost, "mount root: no", "try"));
    report_status(write_end.get(), 256);
    write_end.reset();

    const Report report = read_report(read_end.get());

    EXPECT_TRUE(report.ready);
    EXPECT_EQ(report.landlock_abi, 6);
    EXPECT_EQ(report.not_found, 127);
    EXPECT_EQ(report.status, 256);
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->kind(), ErrorKind::kHost);
    EXPECT_STREQ(report.error->what(), "mount root: no (hint: try)");
}

TEST(Report, OfACellThatWasKilledIsEmpty)
{
    auto [read_end, write_end] = make_pipe();
    write_end.reset();

    const Report report = read_report(read_end.get());

    EXPECT_FALSE(report.ready || report.error || report.status || report.not_found);
}

} // namespace
} // namespace caisson::sandbox
