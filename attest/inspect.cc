// A statement for people. Nothing here was verified, and every text may be hostile: all of it goes
// through printable() on its way out.

#include "attest/inspect.hh"

#include "attest/bundle.hh"
#include "attest/provenance.hh"
#include "attest/statement.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>

namespace caisson::attest {
namespace {

using nlohmann::json;

/// The text being made, line by line; knows that what it is given is hostile.
class Page {
public:
    void line(const std::string& trusted, const std::string& hostile = {})
    {
        text_ += trusted + printable(hostile) + '\n';
    }
    /// A name in a column of its own, then what is said of it; nothing for an empty text.
    void field(std::string_view name, const std::string& hostile)
    {
        constexpr std::size_t kColumn = 14;
        if (hostile.empty()) return;
        std::string label = printable(name);
        label.resize(std::max(label.size() + 1, kColumn), ' ');
        line(label, hostile);
    }
    void heading(const std::string& trusted) { text_ += '\n' + trusted + '\n'; }
    [[nodiscard]] std::string take() && { return std::move(text_); }

private:
    std::string text_;
};

/// A value in one line: a text as it is, anything else as JSON.
std::string in_line(const json& value)
{
    if (value.is_null()) return {};
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string digests(const json& resource)
{
    std::string text;
    const json& set = member(resource, "digest");
    if (!set.is_object()) return text;
    for (const auto& [algorithm, hex] : set.items())
        text += (text.empty() ? "" : " ") + algorithm + ':' + in_line(hex);
    return text;
}

/// One line for each leaf below `value`, by its path.
void leaves(Page& page, const json& value, const std::string& path)
{
    if (!value.is_object() || value.empty()) {
        page.line("  ", path + " = " + in_line(value));
        return;
    }
    for (const auto& [name, below] : value.items())
        leaves(page, below, path.empty() ? name : path + '.' + name);
}

void resources(Page& page, const char* heading, const json& list)
{
    if (!list.is_array() || list.empty()) return;
    page.heading(heading);
    for (const json& entry : list) {
        page.line("  ", in_line(member(entry, "name")) + "  " + digests(entry));
        if (const auto uri = text_member(entry, "uri")) page.line("    ", *uri);
    }
}

void steps(Page& page, const json& list)
{
    if (!list.is_array() || list.empty()) return;
    page.heading("steps");
    for (const json& step : list) {
        std::string what = in_line(member(step, "name"));
        if (text_member(step, "origin") == "cache")
            what += "  (from the cache, by " + in_line(member(step, "originInvocation")) + ')';
        if (member(step, "verdict").is_string())
            what += "  " + in_line(step["verdict"]) + ' ' + in_line(member(step, "exitCode"));
        page.line("  ", what);
    }
}

void denied(Page& page, const json& list)
{
    if (!list.is_array() || list.empty()) return;
    page.heading("refused");
    for (const json& attempt : list)
        page.line("  ",
                  in_line(member(attempt, "count")) + " x " + in_line(member(attempt, "kind")) +
                      ' ' + in_line(member(attempt, "target")) + ": " +
                      in_line(member(attempt, "reason")));
}

void provenance(Page& page, const json& predicate)
{
    const json& definition = member(predicate, "buildDefinition");
    const json& details = member(predicate, "runDetails");
    const json& metadata = member(details, "metadata");
    const json& evidence = member(metadata, "caisson_evidence");
    page.field("builder", in_line(member(details, "builder", "id")));
    page.field("build type", in_line(member(definition, "buildType")));
    page.field("invocation", in_line(member(metadata, "invocationId")));
    page.field("started", in_line(member(metadata, "startedOn")));
    page.field("finished", in_line(member(metadata, "finishedOn")));
    if (const json& external = member(definition, "externalParameters"); external.is_object()) {
        page.heading("asked for");
        leaves(page, external, "");
    }
    resources(page, "went in", member(definition, "resolvedDependencies"));
    steps(page, member(evidence, "steps"));
    denied(page, member(evidence, "denied"));
    resources(page, "built by", member(details, "builder", "builderDependencies"));
    resources(page, "also came out", member(details, "byproducts"));
}

void statement(Page& page, const json& whole)
{
    page.field("statement", in_line(member(whole, "predicateType")));
    if (const json& subjects = member(whole, "subject"); subjects.is_array())
        for (const json& subject : subjects)
            page.field("subject", in_line(member(subject, "name")) + ' ' + digests(subject));
    const json& predicate = member(whole, "predicate");
    if (text_member(whole, "predicateType") == kProvenanceType) return provenance(page, predicate);
    page.heading("predicate");
    leaves(page, predicate, "");
}

[[noreturn]] void refuse(const std::string& why)
{
    throw Error(ErrorKind::kInput,
                "neither bundle, envelope nor statement: " + printable(why),
                "caisson inspect reads .sigstore.json, DSSE and in-toto JSON files");
}

/// The statement that a signed file carries, after a line for what nobody checked.
json statement_in(Page& page, const json& file)
{
    const auto signed_file = signed_file_from(file);
    if (!signed_file.value) refuse(signed_file.problem);
    const dsse::Envelope& envelope = signed_file.value->envelope;
    page.field("file", signed_file.value->kind);
    page.field("signed by", envelope.key_id + " (says the file)");
    page.field("log entries", std::to_string(signed_file.value->log_entries));
    page.field("payload", envelope.payload_type);
    auto payload = read_statement(envelope.payload);
    if (!payload.value) refuse(payload.problem);
    return std::move(payload.value->json);
}

} // namespace

std::string describe(std::string_view bundle_envelope_or_statement)
{
    if (bundle_envelope_or_statement.size() > 2 * kMaxPayload) refuse("too large");
    auto file = read_strict_json(bundle_envelope_or_statement);
    if (!file.value) refuse(file.problem);
    Page page;
    page.line("NOT VERIFIED: this is what the file says, not what is true");
    if (member(*file.value, "_type").is_string())
        statement(page, *file.value);
    else
        statement(page, statement_in(page, *file.value));
    return std::move(page).take();
}

} // namespace caisson::attest
