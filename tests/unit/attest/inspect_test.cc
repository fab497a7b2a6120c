#include "attest/bundle.hh"
#include "attest/inspect.hh"
#include "attest/provenance.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string vector(const char* name)
{
    return read_file(checkout::shared() / "conformance" / name, 1U << 20);
}

TEST(Inspect, SaysFirstThatNothingWasVerified)
{
    CAISSON_REQUIRE_SHARED_DATA();
    for (const char* name : {"provenance/bundle.notlog.sigstore.json",
                             "provenance/envelope.dsse.json",
                             "provenance/statement.json",
                             "slsa-vsa/gke-gce-pre.bcid-vsa.jsonl"})
        EXPECT_THAT(describe(vector(name)), StartsWith("NOT VERIFIED")) << name;
}

TEST(Inspect, TellsWhatWentInWhatRanAndWhatWasRefused)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const std::string worked = describe(vector("provenance/bundle.notlog.sigstore.json"));
    EXPECT_THAT(worked, HasSubstr("signed by     SHA256:f4AuBLdH4Lj/"));
    EXPECT_THAT(worked, HasSubstr("base:runtime  sha256:583a9263df8b"));
    EXPECT_THAT(worked, HasSubstr("1 x dns x7f3.exfil.example.net: dns-name-not-allowed"));
    EXPECT_THAT(worked, HasSubstr("buildArgs.APP_VERSION = 2.4.1"));

    const std::string ours = describe(make_provenance(example_record()));
    EXPECT_THAT(ours, HasSubstr("RUN make  exited 0"));
    EXPECT_THAT(ours, HasSubstr("COPY --from=build /app /app  (from the cache, by urn:uuid:6f2c"));
}

TEST(Inspect, ReadsForeignPredicates)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_THAT(describe(vector("slsa-vsa/gke-gce-pre.bcid-vsa.jsonl")),
                HasSubstr("verificationResult = PASSED"));
}

TEST(Inspect, PrintsHostileTextHarmlessly)
{
    BuildRecord record = example_record();
    record.subject_name = "a\x1b[2Jb";
    record.external_parameters["labels"] = {{"a\nsubject  fake", "\u202egnp"}};
    record.steps[0].name = "RUN \x07";

    const std::string page = describe(make_provenance(record));

    EXPECT_THAT(page, Not(HasSubstr("\x1b")));
    EXPECT_THAT(page, Not(HasSubstr("\x07")));
    EXPECT_THAT(page, Not(HasSubstr("\nsubject  fake")));
    EXPECT_THAT(page, HasSubstr("labels.a\\u{a}subject  fake = \\u{202e}gnp"));
}

TEST(Inspect, RefusesWhatItDoesNotKnow)
{
    CAISSON_REQUIRE_SHARED_DATA();
    for (const std::string& text : {std::string(),
                                    std::string("{}"),
                                    std::string("[]"),
                                    std::string("\x7f"
                                                "ELF"),
                                    std::string(1'000'000, '['),
                                    vector("sigstore/managed-key-happy-path/bundle.sigstore.json"),
                                    make_bundle({"text/plain", "hello", "sig", ""})})
        EXPECT_THROW((void)describe(text), Error) << text.substr(0, 40);
}

} // namespace
} // namespace caisson::attest
