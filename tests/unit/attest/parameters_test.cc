#include "attest/parameters.hh"
#include "sandbox/base/file.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace caisson::attest {
namespace {

using nlohmann::json;

TEST(Parameters, AreWhatTheWorkedStatementHas)
{
    const json statement = json::parse(
        read_file(CAISSON_SHARED_DIR "/conformance/provenance/statement.json", 1U << 20));

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

TEST(Parameters, AreThoseThatTheDocumentLists)
{
    const std::string document = read_file(CAISSON_SOURCE_DIR "/docs/buildtype-v1.md", 1U << 20);
    const std::regex row(
        R"(\n\| `([A-Za-z.]+)` \| (text|integer|map of texts|list of texts|digest) \|)");
    std::set<std::string> listed;
    for (std::sregex_iterator found(document.begin(), document.end(), row), end; found != end;
         ++found) {
        const std::string name = (*found)[1];
        const std::string type = (*found)[2];
        json value = "text";
        if (type == "integer") value = 1;
        if (type == "map of texts") value = {{"name", "text"}};
        if (type == "list of texts") value = json::array({"text"});
        if (const std::size_t dot = name.find('.'); dot != std::string::npos)
            value = {{name.substr(0, dot), {{name.substr(dot + 1), value}}}};
        else
            value = {{name, value}};

        EXPECT_EQ(problem_of_parameters(value), "");
        listed.insert(name);
    }
    EXPECT_EQ(listed.size(), kParameterCount) << "a parameter that the document does not have";
}

} // namespace
} // namespace caisson::attest
