#pragma once
// A workspace for builds whose self-test is looked at.

#include "sandbox/base/base64.hh"
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace caisson::testing {

namespace fs = std::filesystem;
using nlohmann::json;

class SelfTest : public ::testing::Test {
protected:
    void SetUp() override { work.write("a", "1"); }

    [[nodiscard]] Ran build(std::vector<std::string> options = {}) const
    {
        options.insert(options.end(), {"--provenance", work.path("p.json"), "-t", "app:1"});
        return work.build("FROM scratch\nCOPY a /\n", options);
    }

    /// What the statement of the last build says of it.
    [[nodiscard]] json recorded() const
    {
        const json bundle = json::parse(read_file(work.path("p.json"), 1U << 24));
        const std::string payload = bundle["dsseEnvelope"]["payload"];
        return json::parse(
            base64_decode(payload).value())["predicate"]["runDetails"]["metadata"]
                                           ["caisson_evidence"]["isolation"]["selfTest"];
    }

    [[nodiscard]] fs::path memory() const { return work.store() / "posture.json"; }

    void write_file(const fs::path& path, const std::string& text) const
    {
        std::ofstream(path, std::ios::binary) << text;
    }

    /// The built programs in a directory of their own, less those named.
    [[nodiscard]] fs::path programs_without(const std::string& name) const
    {
        fs::path programs = work.path("programs");
        fs::create_directory(programs);
        for (const char* program :
             {"caisson", "caisson-chamber", "caisson-probe", "caisson-signer"})
            if (program != name) fs::copy_file(checkout::bin() / program, programs / program);
        return programs;
    }

    [[nodiscard]] Ran build_with(const fs::path& programs) const
    {
        work.write("Dockerfile", "FROM scratch\nCOPY a /\n");
        return run(
            programs / "caisson", {"build", "-t", "app:1", work.context()}, work.environment());
    }

    Workspace work;
};

/// One check of `caisson host check --json`.
inline json check_of(const json& report, const std::string& id)
{
    for (const json& check : report.at("checks"))
        if (check.at("id") == id) return check;
    return {{"status", "not there"}};
}

/// The file of the default policy.
inline json usual_policy()
{
    return json::parse(read_file(checkout::source() / "policies/profiles/default.json", 1U << 20));
}

} // namespace caisson::testing
