// The half of a repository that writes.

#include "runner/image/json_input.hh"
#include "runner/image/manifest.hh"
#include "runner/registry/refusal.hh"
#include "runner/registry/repository.hh"
#include "runner/transport/url.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using Method = HttpRequest::Method;

/// What of an upload has arrived, from "0-1023"; nothing where the registry does not say.
std::optional<std::uint64_t> received(const HttpResponse& response)
{
    const std::string range = response.value("Range");
    const std::size_t dash = range.find('-');
    if (dash == std::string::npos) return std::nullopt;
    std::uint64_t last = 0;
    const char* begin = range.data() + dash + 1;
    const auto [stop, error] = std::from_chars(begin, range.data() + range.size(), last);
    if (error != std::errc() || stop == begin) return std::nullopt;
    return last + 1;
}

std::string required_location(const HttpResponse& response)
{
    const std::string location = response.value("Location");
    if (location.empty())
        throw Error(ErrorKind::kInput, "the registry does not say where to upload to");
    return resolve_url(response.url, location);
}

/// The tag of an index that lists who refers to `digest` (distribution-spec "Referrers Tag
/// Schema").
std::string stand_in_tag(const attest::Digest& digest)
{
    return "sha256-" + digest.hex();
}

std::string index_of(const std::vector<Descriptor>& manifests)
{
    nlohmann::json index = {
        {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", nlohmann::json::array()}};
    for (const Descriptor& manifest : manifests)
        index["manifests"].push_back(to_json(manifest));
    return index.dump();
}

} // namespace

// ---- blobs

bool Repository::has_blob(const attest::Digest& digest)
{
    const HttpResponse response =
        ask(request(Method::kHead, "/blobs/" + digest.text()), {200, 404});
    return response.status == 200;
}

Repository::Pushed
Repository::push_blob(const Descriptor& blob, int file, const std::string& mount_from)
{
    return in_context("push blob " + blob.digest.text(), [&] {
        if (has_blob(blob.digest)) return Pushed::kWasThere;
        const std::optional<std::string> location = begin_upload(blob, mount_from);
        if (!location) return Pushed::kMounted;
        upload(blob, file, *location);
        return Pushed::kSent;
    });
}

/// Where the upload goes; nothing where the registry took the blob over from another repository.
std::optional<std::string> Repository::begin_upload(const Descriptor& blob,
                                                    const std::string& mount_from)
{
    HttpRequest begin = request(Method::kPost, "/blobs/uploads/");
    if (!mount_from.empty())
        begin.url = with_parameter(
            with_parameter(begin.url, "mount", blob.digest.text()), "from", mount_from);
    const HttpResponse response = ask(begin, {201, 202});
    if (response.status == 201) return std::nullopt;
    return required_location(response);
}

/// Where an upload that broke goes on: what has arrived of it is kept, unless the registry knows
/// nothing of it any more.
std::uint64_t Repository::resume_upload(const Descriptor& blob, std::string& location)
{
    HttpRequest status = request(Method::kGet, "");
    status.url = location;
    const HttpResponse response = ask(status, {200, 204, 400, 404, 416});
    const std::optional<std::uint64_t> arrived = response.ok() ? received(response) : std::nullopt;
    if (arrived && *arrived < blob.size) {
        if (!response.value("Location").empty()) location = required_location(response);
        return *arrived;
    }
    if (const auto fresh = begin_upload(blob, {})) location = *fresh;
    return 0;
}

void Repository::upload(const Descriptor& blob, int file, std::string location)
{
    bool broken = false;
    const HttpResponse response = with_retries(access_.retry, [&] {
        const std::uint64_t offset = broken ? resume_upload(blob, location) : 0;
        broken = true; // unless this is the last
        HttpRequest put = request(Method::kPut, "");
        put.url = with_parameter(location, "digest", blob.digest.text());
        put.headers = {"Content-Type: application/octet-stream"};
        if (offset > 0)
            put.headers.push_back("Content-Range: " + std::to_string(offset) + "-" +
                                  std::to_string(blob.size - 1));
        put.body = {.file = file, .offset = offset, .size = blob.size - offset};
        return send(put, [](const HttpResponse&, std::string_view) {});
    });
    if (response.status != 201) refuse(response, authorizer_.has_login());
}

// ---- manifests

void Repository::push_manifest(const Descriptor& manifest,
                               const std::string& text,
                               const std::string& tag_or_digest)
{
    in_context("push manifest " + manifest.digest.text(), [&] {
        HttpRequest put = request(Method::kPut, "/manifests/" + tag_or_digest);
        put.headers = {"Content-Type: " + manifest.media_type};
        put.body.text = text;
        (void)ask(put, {201});
    });
}

void Repository::push_referrer(const Descriptor& manifest,
                               const std::string& text,
                               const attest::Digest& subject)
{
    in_context("push manifest " + manifest.digest.text(), [&] {
        HttpRequest put = request(Method::kPut, "/manifests/" + manifest.digest.text());
        put.headers = {"Content-Type: " + manifest.media_type};
        put.body.text = text;
        const HttpResponse response = ask(put, {201});
        if (!response.value("OCI-Subject").empty()) return; // it lists referrers by itself
        std::vector<Descriptor> known = tagged_referrers(subject);
        std::erase_if(known, [&](const Descriptor& one) { return one.digest == manifest.digest; });
        known.push_back(manifest);
        const std::string index = index_of(known);
        const Descriptor listed{
            .media_type = kOciIndex, .digest = attest::Digest::of(index), .size = index.size()};
        push_manifest(listed, index, stand_in_tag(subject));
    });
}

// ---- referrers

std::optional<std::vector<Descriptor>> Repository::listed_referrers(const attest::Digest& digest)
{
    std::optional<std::vector<Descriptor>> found;
    read_pages("/referrers/" + digest.text(), [&](const HttpResponse& page) {
        if (page.status == 404) return false;
        if (!found) found.emplace();
        for (Descriptor& each : index_from_json(page.body, kOciIndex))
            found->push_back(std::move(each));
        return true;
    });
    return found;
}

std::vector<Descriptor> Repository::tagged_referrers(const attest::Digest& digest)
{
    const std::optional<Document> index = find_manifest(stand_in_tag(digest));
    if (!index) return {};
    return in_context("tag \"" + stand_in_tag(digest) + "\"",
                      [&] { return index_from_json(index->text, kOciIndex); });
}

std::vector<Descriptor> Repository::referrers(const attest::Digest& digest)
{
    std::optional<std::vector<Descriptor>> listed = listed_referrers(digest);
    return listed ? std::move(*listed) : tagged_referrers(digest);
}

} // namespace caisson::runner
