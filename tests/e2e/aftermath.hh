#pragma once

#include "tests/support/workspace.hh"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

/// What must hold after a build that went wrong in whatever way.
namespace caisson::testing {

/// Waits until no process of the workspace is left, and gives those that stay; the kernel takes a
/// moment to end a pid namespace.
inline std::vector<int> left_after(const Workspace& work)
{
    for (int tries = 0; tries < 100 && !processes_of(work).empty(); ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return processes_of(work);
}

/// No process, no image called "never", and a store in which the next build works.
inline void expect_whole(Workspace& work)
{
    EXPECT_THAT(left_after(work), ::testing::IsEmpty());
    EXPECT_THAT(work.caisson({"image", "list"}).out, ::testing::Not(::testing::HasSubstr("never")));
    const Ran next =
        work.build(Workspace::busybox_root() + "RUN echo next > /next\n", {"-t", "next:1"});
    EXPECT_EQ(next.exit, 0) << next.err;
    EXPECT_TRUE(std::filesystem::is_empty(work.store() / "tmp"));
}

} // namespace caisson::testing
