#pragma once

#include "attest/record.hh"

namespace caisson::attest {

/// The record of a small build, for tests that need one: two stages, a step that ran and one that
/// came from the cache.
[[nodiscard]] inline BuildRecord example_record()
{
    const auto material = [](std::string name, std::string uri) {
        Material made;
        made.digest = {{"sha256", Digest::of(name).hex()}};
        made.name = std::move(name);
        made.uri = std::move(uri);
        return made;
    };
    BuildRecord record;
    record.subject_name = "shop/api";
    record.subject = Digest::of("the manifest");
    record.external_parameters = {
        {"buildArgs", {{"APP_VERSION", "2.4.1"}}},
        {"builderId", "https://ci.example.org/caisson/userns/v1"},
        {"cache", {{"mode", "local"}}},
        {"contexts", nlohmann::json::object()},
        {"dockerfile", {{"path", "Dockerfile"}}},
        {"labels", {{"org.opencontainers.image.version", "2.4.1"}}},
        {"network", "none"},
        {"output", {{"compression", "gzip"}, {"type", {"oci"}}}},
        {"platform", "linux/amd64"},
        {"policy", {{"digest", Digest::of("policy").text()}, {"name", "default"}}},
        {"source", {{"uri", "file:api"}}},
        {"sourceDateEpoch", 1790000000},
        {"tags", {"shop/api:2.4"}},
        {"target", "runtime"}};
    record.internal_parameters = {{"isolation", {{"mode", "userns"}, {"profile", "default"}}},
                                  {"limits", {{"pids", 1024}}}};
    record.materials = {material("context", "file:api"),
                        material("dockerfile", "file:api/Dockerfile"),
                        material("policy", ""),
                        material("base:build", "oci-layout:debian")};
    record.materials[0].media_type = "application/vnd.caisson.context.v1.tar";
    record.materials[3].annotations = {{"caisson_stage", "build"}};
    record.builder_id = "https://ci.example.org/caisson/userns/v1";
    record.builder_version = {{"caisson", "0.1.0"}};
    record.builder_dependencies = {material("caisson", ""), material("seccomp", "")};
    record.invocation_id = "urn:uuid:0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c55";
    record.started = 1790000100;
    record.finished = 1790000103;
    record.steps = {{.name = "RUN make",
                     .stage = "build",
                     .key = Digest::of("key 1"),
                     .plan = Digest::of("plan 1"),
                     .origin_invocation = record.invocation_id,
                     .verdict = "exited",
                     .seconds = 1.23456,
                     .landlock_abi = 7,
                     .seccomp = Digest::of("filter").text(),
                     .layer = Digest::of("layer 1")},
                    {.name = "COPY --from=build /app /app",
                     .stage = "runtime",
                     .key = Digest::of("key 2"),
                     .cached = true,
                     .origin_invocation = "urn:uuid:6f2c1f2e-5b6d-4a58-9a15-0d9b6e5f7a10",
                     .layer = Digest::of("layer 2")}};
    record.evidence = {
        {"coverage", {{"network", {{"complete", true}, {"reasons", nlohmann::json::array()}}}}}};
    record.byproducts = {
        {"plan", Digest::of("plan"), "application/vnd.caisson.plan.v1+json"},
        {"imageConfig", Digest::of("config"), "application/vnd.oci.image.config.v1+json"}};
    return record;
}

} // namespace caisson::attest
