#include "runner/environment.hh"
#include "runner/image/json_input.hh"
#include "runner/registry/credentials.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/program.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <linux/landlock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLongest{30};
constexpr std::size_t kMostOutput = 64U << 10;

/// What the helpers that are about need: keyrings speak D-Bus or gpg, clouds have variables.
constexpr std::array<std::string_view, 12> kVariables = {"HOME",
                                                         "PATH",
                                                         "USER",
                                                         "LOGNAME",
                                                         "LANG",
                                                         "TMPDIR",
                                                         "XDG_RUNTIME_DIR",
                                                         "XDG_CONFIG_HOME",
                                                         "DBUS_SESSION_BUS_ADDRESS",
                                                         "GNUPGHOME",
                                                         "PASSWORD_STORE_DIR",
                                                         "DOCKER_CONFIG"};
constexpr std::array<std::string_view, 6> kPrefixes = {
    "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "https_proxy=", "no_proxy="};

/// Rights that change something; reading and running are left to file modes.
constexpr std::uint64_t kWrites =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | kLandlockFsTruncate;

std::vector<std::string> environment_of_helper()
{
    std::vector<std::string> kept;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view entry = *each;
        const std::string_view name = entry.substr(0, entry.find('='));
        const bool known = std::ranges::find(kVariables, name) != kVariables.end() ||
                           std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
                               return entry.starts_with(prefix);
                           });
        if (known) kept.emplace_back(entry);
    }
    return kept;
}

/// Below ABI 2 every rename across directories would be refused: there no_new_privs alone is left.
UniqueFd where_it_may_write()
{
    const int abi = landlock_abi();
    if (abi < 2) return {};
    const std::uint64_t rights = kWrites & landlock_file_rights(abi);
    UniqueFd ruleset = landlock_create_ruleset(
        {.handled_access_fs = rights, .scoped = landlock_scopes(abi) & kLandlockScopeSignal}, abi);
    for (const std::string& place : {variable("HOME"),
                                     variable("XDG_RUNTIME_DIR"),
                                     variable("TMPDIR"),
                                     std::string("/tmp"),
                                     std::string("/dev")}) {
        if (place.empty() || place == "/") continue;
        const UniqueFd directory(::open(place.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (directory) landlock_allow_beneath(ruleset.get(), directory.get(), rights);
    }
    return ruleset;
}

/// docker-credential-NAME in one of the absolute directories of PATH.
fs::path find_program(const std::string& name)
{
    const auto plain = [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '-' || letter == '_' || letter == '.';
    };
    if (name.empty() || !std::ranges::all_of(name, plain))
        throw Error(ErrorKind::kInput, "\"" + printable(name) + "\" is no name of a helper");
    const std::string program = "docker-credential-" + name;
    const std::string path = variable("PATH");
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        fs::path file = fs::path(path.substr(at, end - at)) / program;
        if (file.is_absolute() && ::access(file.c_str(), X_OK) == 0) return file;
        at = end + 1;
    }
    throw Error(ErrorKind::kInput,
                "\"" + program + "\" is not in PATH",
                "install it, or take its name out of the file of logins");
}

} // namespace

std::optional<Credential> ask_credential_helper(const std::string& name, const std::string& server)
{
    return in_context("ask the credential helper \"" + printable(name) + "\"", [&] {
        const UniqueFd question = make_sealed_memfd("server", server + "\n");
        const UniqueFd ruleset = where_it_may_write();
        const ProgramEnd end = run_to_end({.path = find_program(name),
                                           .arguments = {"get"},
                                           .environment = environment_of_helper(),
                                           .standard_input = question.get(),
                                           .confined = true,
                                           .landlock_ruleset = ruleset.get()},
                                          kMostOutput,
                                          kLongest);
        if (end.status != 0) {
            // the words of docker-credential-helpers, which all that there are repeat
            if (end.output.find("credentials not found") != std::string::npos)
                return std::optional<Credential>();
            const std::string said = end.complaint.empty() ? end.output : end.complaint;
            throw Error(ErrorKind::kInput,
                        "it ended with status " + std::to_string(end.status) + ": " +
                            printable(said.substr(0, said.find('\n'))));
        }
        const nlohmann::json answer = parse_object(end.output);
        Credential credential{.user = string_member(answer, "Username"),
                              .secret = string_member(answer, "Secret")};
        if (credential.user == "<token>")
            credential = {.identity_token = std::move(credential.secret)};
        return std::optional(std::move(credential));
    });
}

} // namespace caisson::runner
