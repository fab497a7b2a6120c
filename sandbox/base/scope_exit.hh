#pragma once

#include <utility>

namespace caisson {

/// Runs `action` when the scope is left, unless dismissed. The action must not throw.
template<class Action>
class [[nodiscard("the action would run at once")]] ScopeExit
{
public:
    explicit ScopeExit(Action action)
        : action_(std::move(action))
    {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ScopeExit(ScopeExit &&) = delete;
    ScopeExit& operator=(ScopeExit&&) = delete;
    ~ScopeExit()
    {
        if (armed_) action_();
    }

    void dismiss() noexcept
    {
        armed_ = false;
    }

private:
    Action action_;
    bool armed_ = true;
};

} // namespace caisson
