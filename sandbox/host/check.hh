#pragma once

#include "sandbox/chamber/enter.hh"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>

namespace caisson::sandbox {

/// What one check found.
struct Finding {
    enum class Status {
        kOk,
        kDegraded, ///< a build is possible, and less holds or is shown; `detail` says what
        kMissing
    };
    Status status = Status::kOk;
    std::string detail; ///< what was seen: "ABI 6", "mount \"/tmp\": Operation not permitted"
    std::string hint;   ///< how to mend it; empty where nothing is to be mended or nothing is known
};

/// What checks look at and work as.
struct HostView {
    int trees = -1;              ///< borrowed: the store's directory of trees
    std::optional<FirstIds> ids; ///< given by a caller that is root: whom the chamber is
};

/// One line of the table.
struct HostCheck {
    const char* id;
    const char* title;
    bool required;       ///< without it no build is possible
    const char* meaning; ///< what hangs on it
    Finding (*run)(const HostView&);
};

/// What this kernel and this host can give, found by trying, never by a version number:
/// distributions carry features back and switch others off. In the order of the table.
[[nodiscard]] std::span<const HostCheck> host_checks() noexcept;

/// Runs them all: [{"id", "title", "required", "status", "detail", "meaning", "hint"}]. Forks: for
/// a single-threaded program, which each check leaves as it was.
[[nodiscard]] nlohmann::json check_host(const HostView& host);

} // namespace caisson::sandbox
