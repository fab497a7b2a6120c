#pragma once

#include "policies/policy.hh"
#include "sandbox/holders.hh"

#include <map>
#include <string>
#include <vector>

namespace caisson::runner {

/// Throws an Error of kind kHost that names every limit which the policy wants held more firmly
/// than this host holds it, with what to do.
void require_holders(const policies::PolicyLimits& limits, const sandbox::LimitHolders& holders);

/// Whether the policy gives no huge pages, and its filter lets no step ask for any
/// (policies/floor.json).
[[nodiscard]] bool filter_shuts_huge_pages(const policies::Policy& policy);
/// Where it does, the filter holds that limit if nobody else does.
void add_filter(sandbox::LimitHolders& holders);

/// Who would hold the limits of a step under this policy here and now, found by trying.
[[nodiscard]] sandbox::LimitHolders holders_here(const policies::Policy& policy);

/// Limit to word ("memory_bytes" to "cgroup-v2"): for the record.
[[nodiscard]] std::map<std::string, std::string> holder_words(const sandbox::LimitHolders& holders);

/// One line for people: "by cgroup-v1: memory_bytes, processes; watcher: disk_bytes; nobody: …".
[[nodiscard]] std::string holder_text(const std::map<std::string, std::string>& words);

} // namespace caisson::runner
