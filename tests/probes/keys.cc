// Keys of the kernel: they are kept by user number, not by namespace.
#include "tests/probes/areas.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/kernel.hh"

#include <linux/keyctl.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

Finding add()
{
    return judge(call(SYS_add_key, "user", "caisson-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING),
                 "add_key");
}

Finding request()
{
    const long answer = call(SYS_request_key, "user", "caisson-no-such-key", nullptr, 0);
    constexpr long kNoKey = -126;
    return answer == kNoKey ? open_because("request_key looks for the key")
                            : judge(answer, "request_key");
}

Finding join_session()
{
    return judge(call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr), "keyctl(JOIN_SESSION)");
}

Finding name_keyring(long keyring)
{
    const long answer = call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, keyring, 0);
    constexpr long kNoKey = -126;
    return answer == kNoKey ? open_because("keyctl looks for the keyring")
                            : judge(answer, "keyctl(GET_KEYRING_ID)");
}

Finding persist()
{
    return judge(call(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING),
                 "keyctl(GET_PERSISTENT)");
}

/// The launcher's, in the session's keyring, which a namespace does not change (keyrings(7)).
Finding find_launchers_key()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    const std::string name = bait_name();
    const long key =
        call(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name.c_str(), 0);
    if (key < 0) return judge(key, "keyctl(SEARCH)");
    char text[8] = {};
    return judge(call(SYS_keyctl, KEYCTL_READ, key, text, sizeof text), "keyctl(READ)");
}

constexpr Attempt kAttempts[] = {
    {"key.add", Severity::kShould, kCheap, "kernel memory and code (CVE-2016-0728)", add},
    {"key.request",
     Severity::kShould,
     kCheap,
     "a program that the host's kernel starts to find a key",
     request},
    {"key.join_session", Severity::kShould, kCheap, "CVE-2016-0728's own call", join_session},
    {"key.user_keyring",
     Severity::kMust,
     kCheap,
     "the keys of whoever has this user number",
     [] { return name_keyring(KEY_SPEC_USER_KEYRING); }},
    {"key.session_keyring",
     Severity::kMust,
     kCheap,
     "the keys of the session that started the sandbox",
     [] { return name_keyring(KEY_SPEC_SESSION_KEYRING); }},
    {"key.persistent", Severity::kShould, kCheap, "keys that outlive the sandbox", persist},
    {"key.launchers", Severity::kMust, kCheap, "the launcher's key, read", find_launchers_key},
};

} // namespace

std::span<const Attempt> key_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
