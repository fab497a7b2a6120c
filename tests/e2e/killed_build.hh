#pragma once

#include "tests/e2e/aftermath.hh"
#include "tests/support/workspace.hh"

#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

/// Builds that are killed in the middle.
namespace caisson::testing {

/// The name of a process; empty where it is gone.
[[nodiscard]] std::string name_of(pid_t process);
/// A build's processes: the runner and all that it started, cells included.
[[nodiscard]] std::vector<pid_t> processes_of_build(pid_t runner);

/// Ends a test whose build does not: left alone it would wait for ever.
class Watchdog {
public:
    explicit Watchdog(pid_t build);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

/// A context with a build of four steps, and what must hold after it was killed.
class KilledBuild {
public:
    KilledBuild();

    /// `output`: as -o names it, without its destination.
    [[nodiscard]] Program start(const std::string& output = "type=oci") const;
    /// Sends SIGKILL to one of those that `is_victim` takes, as soon as there are some; false where
    /// the build has ended before.
    template<class Predicate>
    [[nodiscard]] bool kill_one(pid_t runner, Predicate&& is_victim);
    /// The exit code is one that a killed build may have, and what it left fits the code: a build
    /// that ended well leaves image and attestation, one that told an error neither. The runner's
    /// own end may come after both were placed, or between the two: then the attestation is there,
    /// never the image alone.
    void expect_all_or_nothing(bool hit, int exit) const;
    /// No process, no mount, and a store and a destination in which the next build works and leaves
    /// nothing beside what it made.
    void expect_whole();

    [[nodiscard]] int random(int below) { return static_cast<int>(random_() % below); }

private:
    [[nodiscard]] std::filesystem::path output() const { return work_.path("out/never"); }

    Workspace work_;
    std::mt19937 random_{20240607}; // NOLINT(cert-msc51-cpp): the same moments every time
};

template<class Predicate>
bool KilledBuild::kill_one(pid_t runner, Predicate&& is_victim)
{
    for (;;) {
        siginfo_t ended = {};
        ::waitid(P_PID, static_cast<id_t>(runner), &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid == runner) return false;
        std::vector<pid_t> victims = processes_of_build(runner);
        std::erase_if(victims, [&](pid_t process) { return !is_victim(process); });
        if (!victims.empty()) return ::kill(victims[random_() % victims.size()], SIGKILL) == 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

} // namespace caisson::testing
