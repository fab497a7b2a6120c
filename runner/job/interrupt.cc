#include "runner/job/interrupt.hh"

#include "sandbox/base/error.hh"

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace caisson::runner {
namespace {

std::atomic<bool> g_requested = false;
std::mutex g_mutex;
std::function<void()> g_action; // guarded by g_mutex

sigset_t watched_signals()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    return signals;
}

void watch()
{
    const sigset_t signals = watched_signals();
    for (;;) {
        int number = 0;
        if (sigwait(&signals, &number) != 0) continue;
        if (g_requested.exchange(true)) ::_exit(130);
        const std::lock_guard lock(g_mutex);
        if (g_action) g_action();
    }
}

} // namespace

Interrupt::Interrupt()
{
    const sigset_t signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread(watch).detach();
}

Interrupt::~Interrupt()
{
    on_request({});
}

void Interrupt::check()
{
    if (g_requested) throw Error(ErrorKind::kInterrupted, "interrupted");
}

bool Interrupt::requested() noexcept
{
    return g_requested;
}

void Interrupt::on_request(std::function<void()> action)
{
    const std::lock_guard lock(g_mutex);
    g_action = std::move(action);
    if (g_requested && g_action) g_action();
}

} // namespace caisson::runner
