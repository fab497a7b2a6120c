#include "attest/bundle.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::attest {
namespace {

const std::filesystem::path kVectors = checkout::shared() / "conformance";

std::string vector(const char* name)
{
    return read_file(kVectors / name, 1U << 20);
}

TEST(Bundle, IsTheWorkedOneAgain)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const std::string worked = vector("provenance/bundle.notlog.sigstore.json");

    const auto read = read_signed_file(worked);

    ASSERT_TRUE(read.value) << read.problem;
    EXPECT_EQ(nlohmann::json::parse(make_bundle(read.value->envelope)),
              nlohmann::json::parse(worked));
}

TEST(Bundle, IsReadWithLogEntriesAndWithoutBundle)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const auto logged = read_signed_file(vector("provenance/bundle.tlog.sigstore.json"));
    ASSERT_TRUE(logged.value) << logged.problem;
    EXPECT_EQ(logged.value->log_entries, 1U);
    EXPECT_TRUE(logged.value->by_key);

    const auto bare = read_signed_file(vector("provenance/envelope.dsse.json"));
    ASSERT_TRUE(bare.value) << bare.problem;
    EXPECT_EQ(bare.value->kind, "DSSE envelope");
    EXPECT_EQ(bare.value->envelope.payload, logged.value->envelope.payload);
}

TEST(Bundle, RefusesOneThatSignsABlob)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_EQ(
        read_signed_file(vector("sigstore/managed-key-happy-path/bundle.sigstore.json")).problem,
        "the bundle signs a blob, no statement");
}

TEST(Bundle, RefusesTwoContentsAndForeignMediaTypes)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const auto worked = nlohmann::json::parse(vector("provenance/bundle.notlog.sigstore.json"));
    nlohmann::json both = worked;
    both["messageSignature"] = nlohmann::json::object();
    nlohmann::json foreign = worked;
    foreign["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+jsonx";

    EXPECT_FALSE(signed_file_from(both).value);
    EXPECT_FALSE(signed_file_from(foreign).value);
}

} // namespace
} // namespace caisson::attest
