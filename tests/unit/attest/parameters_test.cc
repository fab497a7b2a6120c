#include "attest/parameters.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace caisson::attest {
namespace {

using nlohmann::json;

TEST(Parameters, AreWhatTheWorkedStatementHas)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const json statement = json::parse(
        read_file(checkout::shared() / "conformance/provenance/statement.json", 1U << 20));

    EXPECT_EQ(problem_of_parameters(
                  statement.at("/predicate/buildDefinition/externalParameters"_json_pointer)),
              "");
}

TEST(Parameters, AreClosedAtEveryLevel)
{
    EXPECT_EQ(problem_of_parameters({{"netwrok", "none"}}),
              "/netwrok is no parameter of this build type");
    EXPECT_EQ(problem_of_parameters({{"source", {{"uri", "x"}, {"ref", "y"}}}}),
              "/source/ref is no parameter of this build type");
    EXPECT_EQ(problem_of_parameters({{"buildArgs", {{"anything at all", "x"}}}}), "");
}

TEST(Parameters, HaveOneTypeEach)
{
    for (const json& bad : {json{{"network", 1}},
                            json{{"source", "x"}},
                            json{{"labels", {{"a", 1}}}},
                            json{{"tags", {"a", 1}}},
                            json{{"sourceDateEpoch", "1790000000"}},
                            json{{"sourceDateEpoch", 1.5}},
                            json::array(),
                            json("text"),
                            json()})
        EXPECT_NE(problem_of_parameters(bad), "") << bad;
}

/// The document's parameters by name: rows that start "| `name` | type |" with a type that a value
/// has.
std::map<std::string, std::string> documented()
{
    const std::set<std::string> types = {
        "text", "integer", "map of texts", "list of texts", "digest"};
    std::istringstream document(read_file(checkout::source() / "docs/buildtype-v1.md", 1U << 20));
    std::map<std::string, std::string> found;
    for (std::string row; std::getline(document, row);) {
        const std::size_t name_end = row.find("` | ");
        if (!row.starts_with("| `") || name_end == std::string::npos) continue;
        const std::string rest = row.substr(name_end + 4);
        const std::string type = rest.substr(0, rest.find(" |"));
        if (types.contains(type)) found[row.substr(3, name_end - 3)] = type;
    }
    return found;
}

json example_of(const std::string& type)
{
    if (type == "integer") return 1;
    if (type == "map of texts") return {{"name", "text"}};
    if (type == "list of texts") return json::array({"text"});
    return "text";
}

TEST(Parameters, AreThoseThatTheDocumentLists)
{
    const auto parameters = documented();
    for (const auto& [name, type] : parameters) {
        json::json_pointer at;
        std::istringstream parts(name);
        for (std::string part; std::getline(parts, part, '.');)
            at /= part;
        json value;
        value[at] = example_of(type);
        EXPECT_EQ(problem_of_parameters(value), "") << name;
    }

    EXPECT_EQ(parameters.size(), kParameterCount) << "a parameter that the document does not have";
}

} // namespace
} // namespace caisson::attest
