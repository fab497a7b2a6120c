// caisson-probe: makes the attempts of the adversarial set and prints one JSON line for each.
//
//   caisson-probe [--cheap] [--little] [--only PATTERN]… [--token T] [--output FILE]
//   caisson-probe --list [--cheap] [--only PATTERN]…
//   caisson-probe --bait -- COMMAND…
//
// Exit status: 0 when all were made, whatever they found; 2 for a wrong command line; with --bait
// the command's.
#include "tests/probes/areas.hh"
#include "tests/probes/attempt.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/gained.hh"
#include "tests/probes/run.hh"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fnmatch.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace caisson::probes {
namespace {

constexpr const char* kUsage =
    "usage: caisson-probe [--list] [--cheap] [--little] [--only PATTERN]... [--token T]\n"
    "                     [--output FILE]\n"
    "       caisson-probe --bait -- COMMAND...\n"
    "  --only PATTERN  attempts whose id the shell pattern matches; those that use something up\n"
    "                  run only when their whole id is given\n"
    "  --cheap         the part of the set that takes a few milliseconds\n"
    "  --little        those that use something up take little of it: no host minds\n"
    "  --list          say what would be tried, and try nothing\n"
    "  --token T       of the bait that was laid around the sandbox\n"
    "  --output FILE   in place of standard output\n"
    "  --bait          lay bait, run COMMAND with @token in it replaced, take the bait away\n";

struct Options {
    bool list = false;
    bool cheap = false;
    bool lay_bait = false;
    std::vector<std::string> only;
    std::string output;
    char** command = nullptr;
};

/// False for a command line that cannot be understood.
bool read_options(int argc, char** argv, Options& options)
{
    for (int index = 1; index < argc; ++index) {
        const std::string_view option = argv[index];
        const bool takes_value = option == "--only" || option == "--token" || option == "--output";
        if (takes_value && index + 1 >= argc) return false;
        if (option == "--list")
            options.list = true;
        else if (option == "--cheap")
            options.cheap = true;
        else if (option == "--little")
            take_little();
        else if (option == "--bait")
            options.lay_bait = true;
        else if (option == "--only")
            options.only.emplace_back(argv[++index]);
        else if (option == "--output")
            options.output = argv[++index];
        else if (option == "--token") {
            if (!know_bait(argv[++index])) return false;
        } else if (option == "--") {
            options.command = argv + index + 1;
            break;
        } else
            return false;
    }
    const bool has_command = options.command != nullptr && options.command[0] != nullptr;
    return options.lay_bait == has_command;
}

bool is_wanted(const Attempt& attempt, const Options& options)
{
    if (options.cheap && (attempt.traits & kCheap) == 0) return false;
    if (options.only.empty()) return options.list || (attempt.traits & kAlone) == 0;
    for (const std::string& pattern : options.only) {
        if (pattern == attempt.id) return true;
        if (!options.list && (attempt.traits & kAlone) != 0) continue;
        if (::fnmatch(pattern.c_str(), attempt.id, 0) == 0) return true;
    }
    return false;
}

const char* text(Severity severity)
{
    switch (severity) {
    case Severity::kMust:
        return "must";
    case Severity::kShould:
        return "should";
    case Severity::kControl:
        return "control";
    }
    return "";
}

const char* text(Result result)
{
    switch (result) {
    case Result::kOpen:
        return "open";
    case Result::kRefused:
        return "refused";
    case Result::kAbsent:
        return "absent";
    }
    return "";
}

std::string quoted(const char* value)
{
    std::string line = "\"";
    for (const char* at = value; *at != 0; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\') line += '\\';
        // a detail may quote what a hostile host or file says: nothing but printable ASCII goes out
        line += byte < 0x20 || byte >= 0x7f ? '?' : *at;
    }
    return line + "\"";
}

void print(int output, const std::string& line)
{
    // at once: an attempt may be the end of this program
    std::size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(output, line.data() + written, line.size() - written);
        if (count <= 0) ::_exit(1);
        written += static_cast<std::size_t>(count);
    }
}

std::string head_of(const Attempt& attempt)
{
    return std::string("{\"id\":") + quoted(attempt.id) + ",\"severity\":\"" +
           text(attempt.severity) + "\"";
}

void list(int output, const std::vector<const Attempt*>& attempts)
{
    std::string lines;
    for (const Attempt* attempt : attempts)
        lines += head_of(*attempt) +
                 ",\"cheap\":" + ((attempt->traits & kCheap) != 0 ? "true" : "false") +
                 ",\"alone\":" + ((attempt->traits & kAlone) != 0 ? "true" : "false") +
                 ",\"story\":" + quoted(attempt->story) + "}\n";
    print(output, lines);
}

void run(int output, const std::vector<const Attempt*>& attempts, bool cheap)
{
    RunOptions options;
    if (output != STDOUT_FILENO) options.not_for_children = output;
    if (cheap) options.per_child = attempts.size();
    std::string held;
    run_attempts(attempts, options, [&](const Attempt& attempt, const Finding& finding) {
        held += head_of(attempt) + ",\"result\":\"" + text(finding.result) +
                "\",\"detail\":" + quoted(finding.detail.data()) + "}\n";
        if (cheap) return; // one write is cheaper than a hundred
        print(output, held);
        held.clear();
    });
    print(output, held);
}

int run_main(int argc, char** argv)
{
    if (argc == 2 && std::strcmp(argv[1], kSayWhatIsGained) == 0) return say_what_is_gained();
    Options options;
    if (!read_options(argc, argv, options)) {
        (void)std::fputs(kUsage, stderr);
        return 2;
    }
    if (options.lay_bait) return run_in_the_middle_of_bait(options.command);
    std::vector<const Attempt*> attempts;
    for (const auto area : areas())
        for (const Attempt& attempt : area)
            if (is_wanted(attempt, options)) attempts.push_back(&attempt);
    if (attempts.empty()) {
        (void)std::fputs("caisson-probe: no attempt has such a name (hint: --list)\n", stderr);
        return 2;
    }
    int output = STDOUT_FILENO;
    if (!options.output.empty())
        output = ::open(options.output.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    if (output < 0) {
        std::perror(options.output.c_str());
        return 2;
    }
    if (options.list)
        list(output, attempts);
    else
        run(output, attempts, options.cheap);
    return 0;
}

} // namespace
} // namespace caisson::probes

int main(int argc, char** argv)
{
    return caisson::probes::run_main(argc, argv);
}
