// `caisson host`: what this host can give.
#include "policies/narrow.hh"
#include "policies/policy.hh"
#include "runner/cli/command.hh"
#include "runner/cli/exit_code.hh"
#include "runner/job/host_report.hh"
#include "runner/job/interrupt.hh"
#include "runner/store/store.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

std::string padded(std::string text, std::size_t width)
{
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

/// A line an attempt of the self-test, in the order in which they were made.
std::string attempts_of(const json& report)
{
    if (!report.contains("selfTest")) return "";
    std::string lines = "\nattempts in a cell, under the policy \"" +
                        printable(report["selfTest"].at("policy").get<std::string>()) + "\":\n";
    for (const json& attempt : report["selfTest"].at("attempts")) {
        const auto text = [&](const char* member) {
            return printable(attempt.at(member).get<std::string>());
        };
        lines += padded(text("judgement"), 10) + padded(text("severity"), 10) +
                 padded(text("id"), 36) + text("detail") + "\n";
    }
    return lines;
}

/// A line a check; what is not as it should be says what hangs on it, and how to mend it.
std::string page_of(const json& report)
{
    std::string page;
    for (const json& check : report.at("checks")) {
        const auto text = [&](const char* member) {
            return printable(check.at(member).get<std::string>());
        };
        page += padded(text("status"), 10) + padded(text("id"), 22) + text("title");
        if (!text("detail").empty()) page += ": " + text("detail");
        page += "\n";
        if (check.at("status") == "ok") continue;
        const bool required = check.at("required").get<bool>();
        page += std::string(10, ' ') + (required ? "needed: " : "for: ") + text("meaning") + "\n";
        if (!text("hint").empty()) page += std::string(10, ' ') + "hint: " + text("hint") + "\n";
    }
    return page + attempts_of(report) +
           (report.at("possible").get<bool>() ? "\nbuilds are possible here\n"
                                              : "\nno build is possible here\n");
}

struct HostOptions {
    bool as_json = false;
    bool self_test = false;
    std::string policy = "default";
};

int check(const HostOptions& options)
{
    const Interrupt interrupt; // blocks the signals: before any thread
    std::optional<policies::Policy> policy;
    if (options.self_test) policy = policies::narrow(policies::load_policy(options.policy), {});
    const json report = report_host(Store::default_path(), policy ? &*policy : nullptr);
    // ASCII only: a name of this host's cannot act on a terminal
    write_all(STDOUT_FILENO,
              options.as_json ? report.dump(2, ' ', true, json::error_handler_t::replace) + "\n"
                              : page_of(report));
    return report.at("possible").get<bool>() ? 0 : exit_code(ErrorKind::kHost);
}

} // namespace

Action add_host(CLI::App& app)
{
    app.require_subcommand(1);
    CLI::App* const verb = app.add_subcommand(
        "check", "Try what builds need of this host; exits 5 where no build is possible");
    auto options = std::make_shared<HostOptions>();
    verb->add_flag("--json", options->as_json, "As one JSON object");
    CLI::Option* const self_test = verb->add_flag(
        "--self-test", options->self_test, "Try the whole adversarial set in a cell, too");
    verb->add_option("--policy", options->policy, "Whose walls are tried: a name or a file")
        ->needs(self_test);
    return [options] { return check(*options); };
}

} // namespace caisson::runner
