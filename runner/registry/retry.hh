#pragma once

#include "runner/transport/http.hh"

#include <chrono>
#include <functional>

namespace caisson::runner {

/// When and how often a registry is asked again.
struct RetryRules {
    int tries = 6;
    std::chrono::milliseconds first_pause{500}; ///< doubled each time, and a quarter more or less
    std::chrono::milliseconds longest_pause{
        60'000};                      ///< a registry that wants more is not waited for
    std::function<void()> checkpoint; ///< called often while waiting; what it throws comes out
};

/// Calls `attempt` until its response is none that may be another next time: a transfer that broke,
/// 408, 429 and the 5xx that speak of now (RFC 9110 15.6). `Retry-After` is obeyed, and a 429
/// without one waits until `RateLimit-Reset` where that is given. After the last try its response
/// or BrokenTransfer comes out.
[[nodiscard]] HttpResponse with_retries(const RetryRules& rules,
                                        const std::function<HttpResponse()>& attempt);

} // namespace caisson::runner
