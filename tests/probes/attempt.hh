#pragma once
// The adversarial set: named things that a program inside a sandbox tries against it. One struct an
// attempt, one file an area. The program is static, raises no exception across an attempt, and
// needs no privilege: as root outside nearly everything succeeds, in a cell nearly nothing.

#include <array>
#include <span>

namespace caisson::probes {

enum class Severity {
    kMust,   ///< an escape, or a step to one
    kShould, ///< attack surface of the kernel, or a leak
    kControl ///< not an attack: a place where even these fail proves nothing
};

enum class Result {
    kOpen,    ///< the attempt succeeded
    kRefused, ///< the kernel, or a filter in front of it, said no
    kAbsent   ///< what the attempt is aimed at is not here, or no bait was laid for it
};

/// What one attempt found. Plain memory: it lies in a page shared with a child that may die.
struct Finding {
    Result result = Result::kRefused;
    std::array<char, 200> detail = {};
};

// How an attempt may be run.
constexpr unsigned kCheap = 1; ///< below 0.1 ms, and nothing is changed unless it succeeds
constexpr unsigned kAlone = 2; ///< uses something up until it is stopped: only run when named

struct Attempt {
    const char* id; ///< "area.name"
    Severity severity;
    unsigned traits;
    const char* story; ///< one line: what an attacker gets, and the hole it is known from
    Finding (*run)();
};

[[gnu::format(printf, 1, 2)]] Finding open_because(const char* format, ...);
[[gnu::format(printf, 1, 2)]] Finding refused_because(const char* format, ...);
[[gnu::format(printf, 1, 2)]] Finding absent_because(const char* format, ...);

/// `answer` is that of a raw call: 0 or more succeeded, less is minus the error number.
Finding judge(long answer, const char* call);

/// The same for a call that looks at who asks first and at its arguments later: any error but
/// EPERM, EACCES and ENOSYS says that the asking was in order. So nothing needs to be changed to
/// know.
Finding judge_asking(long answer, const char* call);

/// Every attempt, area by area.
std::span<const std::span<const Attempt>> areas();

} // namespace caisson::probes
