#include "attest/provenance.hh"
#include "attest/strict_json.hh"
#include "sandbox/base/error.hh"
#include "tests/support/example_record.hh"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace caisson::attest {
namespace {

using nlohmann::json;

json statement_of(const BuildRecord& record)
{
    auto read = read_strict_json(make_provenance(record));
    EXPECT_TRUE(read.value) << read.problem;
    return *read.value;
}

std::set<std::string> members(const json& object)
{
    std::set<std::string> names;
    for (const auto& [name, value] : object.items())
        names.insert(name);
    return names;
}

using Names = std::set<std::string>;

// SLSA provenance v1, "Schema": consumers of a statement with other members would ignore them
TEST(Provenance, HasTheSchemasMembersAndNoOthers)
{
    const json statement = statement_of(example_record());

    EXPECT_EQ(members(statement), (Names{"_type", "subject", "predicateType", "predicate"}));
    EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
    EXPECT_EQ(statement["predicateType"], "https://slsa.dev/provenance/v1");
    const json& predicate = statement["predicate"];
    EXPECT_EQ(members(predicate), (Names{"buildDefinition", "runDetails"}));
    EXPECT_EQ(
        members(predicate["buildDefinition"]),
        (Names{"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}));
    const json& details = predicate["runDetails"];
    EXPECT_EQ(members(details), (Names{"builder", "metadata", "byproducts"}));
    EXPECT_EQ(members(details["builder"]), (Names{"id", "version", "builderDependencies"}));
    EXPECT_EQ(members(details["metadata"]),
              (Names{"invocationId", "startedOn", "finishedOn", "caisson_evidence"}));
}

// in-toto "ResourceDescriptor": every one of ours has a name and a digest
TEST(Provenance, NamesResourcesAsInTotoDoes)
{
    const json predicate = statement_of(example_record())["predicate"];
    const Names known = {"name", "uri", "digest", "mediaType", "downloadLocation", "annotations"};

    for (const json& list : {predicate["buildDefinition"]["resolvedDependencies"],
                             predicate["runDetails"]["builder"]["builderDependencies"],
                             predicate["runDetails"]["byproducts"]}) {
        EXPECT_FALSE(list.empty());
        for (const json& entry : list) {
            EXPECT_TRUE(entry["name"].is_string());
            EXPECT_EQ(entry["digest"]["sha256"].get<std::string>().size(), 64U);
            for (const std::string& name : members(entry))
                EXPECT_TRUE(known.contains(name)) << name;
        }
    }
}

TEST(Provenance, SaysWhatTheRecordSays)
{
    const BuildRecord record = example_record();
    const json statement = statement_of(record);
    const json& predicate = statement["predicate"];

    EXPECT_EQ(
        statement["subject"],
        json::array({{{"name", "shop/api"}, {"digest", {{"sha256", record.subject.hex()}}}}}));
    EXPECT_EQ(predicate["buildDefinition"]["externalParameters"], record.external_parameters);
    EXPECT_EQ(predicate["runDetails"]["metadata"]["startedOn"], "2026-09-21T14:15:00Z");
    const json& steps = predicate["runDetails"]["metadata"]["caisson_evidence"]["steps"];
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0]["origin"], "run");
    EXPECT_EQ(steps[0]["seconds"], 1.235);
    EXPECT_EQ(steps[1]["origin"], "cache");
    EXPECT_EQ(steps[1]["originInvocation"], record.steps[1].origin_invocation);
    EXPECT_FALSE(steps[1].contains("plan")) << "no cell ran";
}

TEST(Provenance, OfAnUntaggedImageHasNoSubjectName)
{
    BuildRecord record = example_record();
    record.subject_name.clear();

    EXPECT_FALSE(statement_of(record)["subject"][0].contains("name"));
}

TEST(Provenance, IsTheSameBytesForTheSameRecord)
{
    EXPECT_EQ(make_provenance(example_record()), make_provenance(example_record()));
    EXPECT_EQ(make_provenance(example_record()),
              json::parse(make_provenance(example_record())).dump())
        << "sorted and minified";
}

TEST(Provenance, RefusesWhatNobodyDocumented)
{
    BuildRecord record = example_record();
    record.external_parameters["newFlag"] = "x";

    EXPECT_THROW((void)make_provenance(record), Error);
}

TEST(Provenance, RefusesARecordWithoutItsCore)
{
    for (const auto& forget : {+[](BuildRecord& record) { record.subject = {}; },
                               +[](BuildRecord& record) { record.builder_id.clear(); },
                               +[](BuildRecord& record) { record.invocation_id.clear(); }}) {
        BuildRecord record = example_record();
        forget(record);
        EXPECT_THROW((void)make_provenance(record), Error);
    }
}

// SLSA "Unforgeable" (threat E): a tenant's text stays a text, whatever is in it.
TEST(Provenance, CarriesAnyTextOfATenantAndNothingElseChanges)
{
    const std::vector<std::string> pieces = {"\"",         "\\",
                                             "\n",         "\r",
                                             "\t",         std::string(1, '\0'),
                                             "\u2028",     "\u2029",
                                             "\ufeff",     "\u202e",
                                             "}",          "{",
                                             ",",          ":",
                                             "]",          "\",\"builder\":{\"id\":\"evil\"}",
                                             "</script>",  "\\u0000",
                                             "\x1b[2J",    "\x7f",
                                             "\U0001f600", "\u0ca0",
                                             "a"};
    std::mt19937 random(20260921); // NOLINT(cert-msc51-cpp): the same texts every time
    const auto text = [&] {
        std::string made;
        for (auto count = random() % 8; count > 0; --count)
            made += pieces[random() % pieces.size()];
        return made;
    };
    const json plain = statement_of(example_record());
    for (int round = 0; round < 500; ++round) {
        BuildRecord record = example_record();
        record.external_parameters["buildArgs"] = {{text() + "1", text()}, {text() + "2", text()}};
        record.external_parameters["labels"] = {{text(), text()}};
        record.steps[0].name = text();

        json statement = statement_of(record);

        json& external = statement["predicate"]["buildDefinition"]["externalParameters"];
        json& step =
            statement["predicate"]["runDetails"]["metadata"]["caisson_evidence"]["steps"][0];
        EXPECT_EQ(external, record.external_parameters);
        EXPECT_EQ(step["name"], record.steps[0].name);
        external = plain["predicate"]["buildDefinition"]["externalParameters"];
        step["name"] = "RUN make";
        ASSERT_EQ(statement, plain);
    }
}

TEST(Provenance, RefusesTextThatIsNotUtf8AndSaysWhere)
{
    const auto why = [](const BuildRecord& record) -> std::string {
        try {
            (void)make_provenance(record);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInternal);
            return error.message();
        }
        return "no error";
    };
    BuildRecord record = example_record();
    record.external_parameters["labels"] = {{"a", "\xff"}};
    EXPECT_EQ(why(record),
              "make provenance: the text at "
              "/predicate/buildDefinition/externalParameters/labels/a is not UTF-8");

    record = example_record();
    record.steps[1].name = "\xed\xa0\x80";
    EXPECT_NE(why(record).find("/steps/1/name is not UTF-8"), std::string::npos);
}

} // namespace
} // namespace caisson::attest
