#include "runner/image/side_by_side.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace caisson::runner {

void side_by_side(
    std::size_t count,
    const std::function<void(std::size_t at, const std::function<bool()>& given_up)>& work)
{
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> given_up = false;
    std::exception_ptr failure;
    std::mutex mutex; // guards failure
    const auto take_turns = [&] {
        for (std::size_t at = next++; at < count && !given_up; at = next++)
            try {
                work(at, [&] { return given_up.load(); });
            } catch (const Error&) {
                const std::lock_guard lock(mutex);
                if (!given_up.exchange(true)) failure = std::current_exception();
            }
    };
    {
        std::vector<std::jthread> helpers; // this thread is one too
        while (helpers.size() + 1 < std::min(kTransfersAtOnce, count))
            helpers.emplace_back(take_turns);
        take_turns();
    }
    if (failure) std::rethrow_exception(failure);
}

} // namespace caisson::runner
