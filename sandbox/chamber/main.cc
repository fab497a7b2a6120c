// caisson-chamber: owns the file trees of one build and starts its cells. No network, no keys, and
// of the host's files nothing but the trees.
#include "sandbox/base/channel.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/cell/describe.hh"
#include "sandbox/chamber/enter.hh"
#include "sandbox/chamber/extract_mode.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/chamber/member_mode.hh"
#include "sandbox/chamber/serve.hh"
#include "sandbox/host/check.hh"
#include "sandbox/sys/path.hh"

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr int kUsageExit = 2;

std::uint64_t number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size())
        throw Error(ErrorKind::kInternal, "\"" + std::string(text) + "\" is no number");
    return value;
}

std::optional<FirstIds> first_ids(std::span<char*> arguments)
{
    if (arguments.size() != 2) return std::nullopt;
    return FirstIds{static_cast<uid_t>(number(arguments[0])),
                    static_cast<gid_t>(number(arguments[1]))};
}

int print(const nlohmann::json& value)
{
    std::puts(value.dump().c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

/// Takes `word` off the front of `arguments` if it is there.
bool take(std::span<char*>& arguments, std::string_view word)
{
    if (arguments.empty() || arguments.front() != word) return false;
    arguments = arguments.subspan(1);
    return true;
}

void serve_runner(const Channel& runner, std::span<char*> arguments)
{
    if (arguments.empty()) throw Error(ErrorKind::kInternal, "started without a size");
    const std::uint64_t most_bytes = number(arguments[0]);
    arguments = arguments.subspan(1);
    const ChamberScope scope{.i386 = take(arguments, kI386Scope),
                             .below_floor = take(arguments, kBelowFloorScope)};
    in_context("start the chamber", [&] {
        const UniqueFd trees(kTreesFd);
        enter_chamber(runner, trees.get(), most_bytes, first_ids(arguments), scope);
    });
    // opened anew: overlayfs takes only layers of this mount namespace
    const UniqueFd trees =
        sys::openat2(AT_FDCWD, kTreesPath, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    runner.send(kReady);
    serve(runner, trees.get());
}

int run_mode(std::string_view mode, std::span<char*> rest)
{
    if (mode == kServeMode) {
        const Channel runner{UniqueFd(kChannelFd)};
        try {
            serve_runner(runner, rest);
            return 0;
        } catch (const Error& error) {
            // what the runner makes of it: the error of start(), or of every open request
            runner.send(error_to_json(error));
            return 1;
        }
    }
    if (mode == kExtractMode) return run_extract_mode(UniqueFd(kChannelFd), UniqueFd(kTreesFd));
    if (mode == kMemberMode && rest.size() == 1)
        return run_member_mode(UniqueFd(kArchiveFd), UniqueFd(kAnswerFd), rest[0]);
    if (mode == kDescribeMode) return print(describe_cell());
    if (mode == kCheckMode) return print(check_host({.trees = kTreesFd, .ids = first_ids(rest)}));
    return kUsageExit;
}

} // namespace
} // namespace caisson::sandbox

int main(int argc, char** argv)
{
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    if (arguments.size() < 2) {
        (void)std::fputs("caisson-chamber is started by caisson, not by hand\n", stderr);
        return caisson::sandbox::kUsageExit;
    }
    const int code = caisson::sandbox::run_mode(arguments[1], arguments.subspan(2));
    // as pid 1 of its namespace: whatever still runs ends here
    ::_exit(code);
}
