#pragma once

#include <functional>

namespace caisson::runner {

/// Turns Ctrl-C (SIGINT), SIGTERM and SIGHUP into an orderly end: the build is told, unwinds,
/// cleans up and exits 130. Blocks the signals in the calling thread, so make it before any other
/// thread. A second signal ends the process at once: the chamber dies with it, and the next build
/// sweeps.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// Throws an Error of kind kInterrupted once a signal has come.
    static void check();
    [[nodiscard]] static bool requested() noexcept;
    /// Called from another thread when a signal comes (at once, if one has come); replaces the one
    /// before.
    static void on_request(std::function<void()> action);
};

} // namespace caisson::runner
