#include "runner/registry/retry.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <random>
#include <thread>

namespace caisson::runner {
namespace {

using std::chrono::milliseconds;

bool may_change(long status)
{
    constexpr std::array<long, 6> kPassing = {408, 429, 500, 502, 503, 504};
    return std::ranges::find(kPassing, status) != kPassing.end();
}

std::optional<milliseconds> seconds_in(const std::string& text)
{
    unsigned seconds = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || stop == text.data() || seconds > 1'000'000) return std::nullopt;
    return std::chrono::seconds(seconds);
}

/// Retry-After (RFC 9110 10.2.3): seconds, or a date as HTTP writes it.
std::optional<milliseconds> asked_for(const HttpResponse& response)
{
    const std::string text = response.value("Retry-After");
    if (text.empty() && response.status == 429)
        return seconds_in(response.value("RateLimit-Reset"));
    if (const auto pause = seconds_in(text)) return pause;
    std::tm date = {};
    if (text.empty() || ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr)
        return std::nullopt;
    const auto left =
        static_cast<std::int64_t>(::timegm(&date)) - static_cast<std::int64_t>(std::time(nullptr));
    return std::chrono::seconds(std::max<std::int64_t>(left, 0));
}

/// Not all clients that were turned away together come back together.
milliseconds jittered(milliseconds pause)
{
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto quarter = pause.count() / 4;
    return pause +
           milliseconds(std::uniform_int_distribution<std::int64_t>(-quarter, quarter)(random));
}

void wait(milliseconds pause, const RetryRules& rules)
{
    const auto until = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < until) {
        if (rules.checkpoint) rules.checkpoint();
        const auto left = until - std::chrono::steady_clock::now();
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, milliseconds(100)));
    }
}

} // namespace

HttpResponse with_retries(const RetryRules& rules, const std::function<HttpResponse()>& attempt)
{
    milliseconds pause = rules.first_pause;
    for (int tries = 1;; ++tries) {
        milliseconds next = jittered(pause);
        try {
            HttpResponse response = attempt();
            if (!may_change(response.status) || tries >= rules.tries) return response;
            if (const auto wanted = asked_for(response)) next = *wanted;
            if (next > rules.longest_pause) return response;
        } catch (const BrokenTransfer&) {
            if (tries >= rules.tries) throw;
        }
        wait(next, rules);
        pause *= 2;
    }
}

} // namespace caisson::runner
