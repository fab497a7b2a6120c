#include "runner/cli/explain_text.hh"

#include "runner/job/step_error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using nlohmann::json;

/// A page in the making. Texts of the plan come from policies, Dockerfiles and command lines.
class Page {
public:
    void heading(const std::string& text) { page_ += (page_.empty() ? "" : "\n") + text + "\n"; }

    /// Two columns, the left one `width` wide.
    void row(const std::string& left, const std::string& right, std::size_t width)
    {
        const std::string shown = printable(left);
        page_ += "  " + shown;
        if (!right.empty())
            page_ += std::string(width > shown.size() ? width - shown.size() : 0, ' ') + "  " +
                     printable(right);
        page_ += "\n";
    }

    [[nodiscard]] std::string text() && { return std::move(page_); }

private:
    std::string page_;
};

constexpr std::size_t kLabel = 18;
constexpr std::size_t kPath = 33;
constexpr std::size_t kCall = 52;

std::string joined(const json& list, const char* separator = " ")
{
    std::string text;
    for (const json& one : list)
        text += (text.empty() ? "" : separator) + one.get<std::string>();
    return text;
}

std::string error_name(int number)
{
    const char* name = ::strerrorname_np(number);
    return name == nullptr ? std::to_string(number) : name;
}

std::string answer(const json& entry)
{
    const auto action = entry.at("action").get<std::string>();
    return action == "errno" ? error_name(entry.at("error").get<int>()) : action;
}

std::string hex(std::uint64_t value)
{
    char text[24];
    (void)std::snprintf(
        text, sizeof text, "0x%llx", static_cast<unsigned long long>(value)); // NOLINT
    return text;
}

std::string conditions(const json& entry)
{
    if (!entry.contains("arguments")) return "";
    std::string text;
    for (const json& test : entry.at("arguments")) {
        const auto compare = test.at("compare").get<std::string>();
        const bool masked = compare.starts_with('&');
        text += (text.empty() ? " if arg" : " and arg") +
                std::to_string(test.at("index").get<unsigned>());
        if (masked) text += " & " + hex(test.at("mask").get<std::uint64_t>());
        text += " " + (masked ? (compare == "&==" ? std::string("==") : "!=") : compare) + " " +
                std::to_string(test.at("value").get<std::uint64_t>());
    }
    return text;
}

void write_calls(Page& page, const json& calls)
{
    for (const json& entry : calls)
        page.row(entry.at("name").get<std::string>() + ": " + answer(entry) + conditions(entry),
                 entry.value("why", ""),
                 kCall);
}

std::string range_text(const json& range)
{
    const auto first = range.at("first").get<std::uint64_t>();
    return std::to_string(first) + "-" +
           std::to_string(first + range.at("count").get<std::uint64_t>() - 1);
}

void write_identity(Page& page, const json& explanation)
{
    const json& policy = explanation.at("policy");
    page.heading("policy " + printable(policy.at("name").get<std::string>()));
    page.row("description", policy.at("description"), kLabel);
    page.row("digest", policy.at("digest"), kLabel);

    page.heading("the cell");
    const json& ids = explanation.at("ids");
    if (ids.contains("error"))
        page.row("ids", "none: " + ids.at("error").get<std::string>(), kLabel);
    else
        page.row("ids",
                 "0-65535 are the host's " + range_text(ids.at("users")) + ", groups " +
                     range_text(ids.at("groups")) + "; no other id of the host is in it",
                 kLabel);
    page.row("namespaces", joined(explanation.at("namespaces")), kLabel);
    page.row("network",
             explanation.at("network") == "none" ? "none but a loopback of its own"
                                                 : explanation.at("network").get<std::string>(),
             kLabel);
    page.row("capabilities", joined(explanation.at("capabilities")), kLabel);
    page.row("privileges", "no_new_privs: set-id bits and file capabilities give nothing", kLabel);
    const json& landlock = explanation.at("landlock");
    const int abi = landlock.at("abiHere").get<int>();
    page.row("landlock",
             (landlock.at("required").get<bool>() ? "required; " : "if available; ") +
                 (abi == 0 ? std::string("none here") : "ABI " + std::to_string(abi) + " here") +
                 ", " + std::to_string(landlock.at("abiUsed").get<int>()) + " is made use of",
             kLabel);
    if (explanation.contains("root")) {
        const json& root = explanation.at("root");
        page.row("root",
                 root.at("kind").get<std::string>() + " " + root.at("name").get<std::string>(),
                 kLabel);
    }
}

void write_limits(Page& page, const json& explanation)
{
    page.heading("limits");
    const json& limits = explanation.at("limits");
    const json& enforce = limits.at("enforce");
    const json& held = explanation.at("limitsHeldBy");
    for (const auto& [key, value] : limits.items()) {
        if (!value.is_number()) continue;
        std::string text = limit_amount(key, value.get<std::uint64_t>());
        if (enforce.contains(key)) text += ", " + enforce.at(key).get<std::string>();
        if (held.contains(key)) text += ", held here by " + held.at(key).get<std::string>();
        page.row(key, text, kLabel);
    }
    for (const json& limit : explanation.at("fixedLimits"))
        page.row(limit.at("name").get<std::string>() + " " +
                     std::to_string(limit.at("value").get<std::uint64_t>()),
                 limit.at("why"),
                 kPath);
}

void write_mounts(Page& page, const json& explanation)
{
    page.heading("mounts");
    page.row("/",
             "overlay (rw,nosuid,nodev): the trees below it are read-only, and what the step "
             "writes goes into one of its own",
             kPath);
    for (const json& mount : explanation.at("mounts"))
        page.row(mount.at("path"),
                 mount.at("type").get<std::string>() + " (" +
                     mount.at("options").get<std::string>() +
                     "): " + mount.at("why").get<std::string>(),
                 kPath);
    page.row("shown of /proc", joined(explanation.at("procShown")), kPath);
}

void write_setup(Page& page, const json& explanation)
{
    page.heading("set-up, in this order");
    for (const json& step : explanation.at("setup"))
        page.row(step.at("step"), step.at("why"), 34);
}

void write_seccomp(Page& page, const json& seccomp)
{
    const bool i386 = seccomp.at("architecture") == "i386";
    page.heading(std::string("system calls") + (i386 ? " of steps on linux/386 images" : "") +
                 ": " + seccomp.at("digest").get<std::string>());
    page.row("other architectures",
             i386 ? "calls of this machine's own: those by which a program starts"
                  : "x32: ENOSYS; any other ends the process",
             kPath);
    page.row("numbers not known", answer(seccomp.at("unknownNumbers")), kPath);
    page.row("calls not listed", answer(seccomp.at("otherwise")), kPath);
    if (!seccomp.at("accepted").empty())
        page.row("accepted", joined(seccomp.at("accepted")), kPath);
    for (const json& part : seccomp.at("floor")) {
        page.heading("refused whatever the policy says: " + part.at("why").get<std::string>());
        write_calls(page, part.at("calls"));
    }
    for (const json& group : seccomp.at("groups")) {
        page.heading("group " + group.at("name").get<std::string>() + ": " +
                     group.at("why").get<std::string>());
        write_calls(page, group.at("calls"));
    }
    if (seccomp.contains("profile")) {
        page.heading("the policy's own profile");
        write_calls(page, seccomp.at("profile"));
    }
}

void write_step(Page& page, const json& step)
{
    page.heading((step.contains("where") ? step.at("where").get<std::string>() + " " : "") +
                 printable(step.at("name").get<std::string>()));
    if (step.contains("stage")) page.row("stage", step.at("stage"), kLabel);
    if (step.contains("plan")) page.row("plan", step.at("plan"), kLabel);
    page.row(
        "command", step.at("argv").dump(-1, ' ', true, json::error_handler_t::replace), kLabel);
    page.row("user", step.at("user"), kLabel);
    page.row("directory", step.at("workingDirectory"), kLabel);
    for (const json& variable : step.at("environment"))
        page.row("environment", variable, kLabel);
    for (const json& file : step.at("files"))
        page.row("file",
                 file.at("path").get<std::string>() + ", " +
                     std::to_string(file.at("bytes").get<std::uint64_t>()) +
                     " bytes, on a tmpfs of its own",
                 kLabel);
    for (const json& bind : step.at("binds"))
        page.row("bind",
                 bind.at("source").get<std::string>() + " at " +
                     bind.at("destination").get<std::string>() +
                     (bind.at("destination") == "/"     ? " (lowest layer)"
                      : bind.at("writable").get<bool>() ? " (rw,nosuid,nodev)"
                                                        : " (ro,nosuid,nodev)"),
                 kLabel);
    page.row(
        "time", std::to_string(step.at("stepTimeMs").get<std::int64_t>()) + " ms at most", kLabel);
}

void write_bases(Page& page, const json& explanation)
{
    if (!explanation.contains("bases") || explanation.at("bases").empty()) return;
    page.heading("base images");
    for (const auto& [name, digest] : explanation.at("bases").items())
        page.row(name,
                 digest.is_null() ? "not here: its environment, user, working directory, shell and "
                                    "triggers are not in the steps below"
                                  : digest.get<std::string>(),
                 kLabel);
}

} // namespace

std::string explanation_text(const json& explanation)
{
    Page page;
    write_identity(page, explanation);
    write_limits(page, explanation);
    write_mounts(page, explanation);
    write_setup(page, explanation);
    write_seccomp(page, explanation.at("seccomp"));
    if (explanation.contains("seccompI386")) write_seccomp(page, explanation.at("seccompI386"));
    write_bases(page, explanation);
    for (const json& step : explanation.at("steps"))
        write_step(page, step);
    return std::move(page).text();
}

} // namespace caisson::runner
