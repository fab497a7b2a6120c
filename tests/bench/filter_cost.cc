// What a filter costs each call: a loop of calls under the default policy's, beside the same loop
// under a filter of one instruction and under none. scripts/bench runs it interleaved.
#include "runner/job/compile_filter.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"

#include <benchmark/benchmark.h>
#include <chrono>
#include <cstring>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace caisson {
namespace {

constexpr int kCalls = 200'000;

using Program = std::vector<sock_filter>;

Program one_instruction()
{
    return {{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW}};
}

Program of_default_policy()
{
    const std::string bytes = runner::compile_filter(policies::load_policy("default"));
    Program program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), bytes.size());
    return program;
}

/// Decided by the number alone: the kernel remembers it (5.11) and does not run the program.
void ask_parent()
{
    ::syscall(SYS_getppid);
}

/// Decided by an argument: the program runs each time.
void ask_terminal()
{
    termios ignored = {};
    ::ioctl(-1, TCGETS, &ignored);
}

/// Seconds that kCalls take in a child under `program`: a filter cannot be taken off again.
double seconds_under(const Program& program, void (*call)())
{
    auto [read_end, write_end] = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!program.empty()) seccomp_set_filter(program);
        const auto start = std::chrono::steady_clock::now();
        for (int turn = 0; turn < kCalls; ++turn)
            call();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        const double seconds = taken.count();
        ::_exit(::write(write_end.get(), &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
    }
    double seconds = 0;
    if (::read(read_end.get(), &seconds, sizeof seconds) != sizeof seconds)
        throw Error(ErrorKind::kInternal, "the child did not measure");
    ::waitpid(child, nullptr, 0);
    return seconds;
}

void calls(benchmark::State& state, const Program& program, void (*call)())
{
    for ([[maybe_unused]] auto _ : state)
        state.SetIterationTime(seconds_under(program, call));
    state.counters["per_call"] = benchmark::Counter(
        kCalls, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

constexpr int kTurns = 10;
BENCHMARK_CAPTURE(calls, getppid_unfiltered, {}, ask_parent)->UseManualTime()->Iterations(kTurns);
BENCHMARK_CAPTURE(calls, getppid_one_instruction, one_instruction(), ask_parent)
    ->UseManualTime()
    ->Iterations(kTurns);
BENCHMARK_CAPTURE(calls, getppid_default_policy, of_default_policy(), ask_parent)
    ->UseManualTime()
    ->Iterations(kTurns);
BENCHMARK_CAPTURE(calls, ioctl_unfiltered, {}, ask_terminal)->UseManualTime()->Iterations(kTurns);
BENCHMARK_CAPTURE(calls, ioctl_one_instruction, one_instruction(), ask_terminal)
    ->UseManualTime()
    ->Iterations(kTurns);
BENCHMARK_CAPTURE(calls, ioctl_default_policy, of_default_policy(), ask_terminal)
    ->UseManualTime()
    ->Iterations(kTurns);

} // namespace
} // namespace caisson

BENCHMARK_MAIN();
