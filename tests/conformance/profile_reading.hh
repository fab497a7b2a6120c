#pragma once

#include "policies/policy.hh"

#include <cstdint>
#include <functional>
#include <linux/filter.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

/// What a profile of Docker's and our floor mean, read in a way that shares nothing with the loader
/// and the compiler. On x86-64.
namespace caisson::testing {

using nlohmann::json;
using Program = std::vector<sock_filter>;
using Arguments = std::vector<std::uint64_t>;

/// The capabilities of the policy that the profile stands in.
extern const std::set<std::string> kKept;

[[nodiscard]] Program as_program(const std::string& bytes);
[[nodiscard]] policies::Policy policy_with(const json& profile,
                                           const json& accepted = json::object());
[[nodiscard]] Program compiled(const json& profile, const json& accepted = json::object());
/// x86-64 calls by name, from libseccomp's table.
[[nodiscard]] const std::map<std::string, int>& native_calls();
/// What the program answers.
[[nodiscard]] std::uint32_t ask(const Program& program, int number, const Arguments& arguments);

/// Whether an entry of the profile counts here, by its conditions.
[[nodiscard]] bool entry_counts(const json& entry);

/// The entries that count here, by the call that they name.
class Reading {
public:
    explicit Reading(const json& profile);
    [[nodiscard]] std::uint32_t answer(const std::string& name, const Arguments& arguments) const;
    [[nodiscard]] std::vector<const json*> entries_of(const std::string& name) const;

private:
    std::map<std::string, std::vector<const json*>> entries_;
    std::uint32_t otherwise_ = 0;
};

/// The floor, said again: SECCOMP_RET_ALLOW above it.
[[nodiscard]] std::uint32_t below_floor(const std::string& name, const Arguments& arguments);

using Visit = std::function<void(const std::string& name, int number, const Arguments&)>;
/// Each argument of each call by itself, and the first three of the calls that look at several
/// against each other.
void for_each_sample(const Reading& reading, const Visit& visit);

} // namespace caisson::testing
