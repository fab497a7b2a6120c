// type=local: the one thing that is written as the invoking user. No namespace, since its files are
// to be the user's own; the walls are openat2 beneath the destination, Landlock, and
// no_new_privs.
#include "sandbox/chamber/extract_mode.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/messages.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

constexpr int kStandardOutput = 1;
/// ABI 1 would refuse every link from one directory to another, which images hold.
constexpr int kOldestUsable = 2;
constexpr int kNewestUsed = 6;

void restrict_to(int destination)
{
    sys::set_parent_death_signal();
    sys::set_no_new_privileges();
    const int abi = std::min(landlock_abi(), kNewestUsed);
    if (abi < kOldestUsable) return;
    const std::uint64_t rights = landlock_file_rights(abi);
    const UniqueFd ruleset =
        landlock_create_ruleset({.handled_access_fs = rights, .scoped = landlock_scopes(abi)}, abi);
    landlock_allow_beneath(ruleset.get(), destination, rights);
    landlock_restrict_self(ruleset.get());
}

} // namespace

int run_extract_mode(UniqueFd input, UniqueFd destination)
{
    std::string answer;
    try {
        restrict_to(destination.get());
        const TreeStats stats = extract_plain(destination.get(), input.get());
        answer = nlohmann::json{{"result", to_json(stats)}}.dump();
    } catch (const Error& error) {
        answer = error_to_json(error);
    }
    write_all(kStandardOutput, answer);
    return 0;
}

} // namespace caisson::sandbox
