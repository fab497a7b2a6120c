// The JSON Schema is what editors and other people's linters check a policy with; it must agree
// with the loader on what is a policy.
#include "policies/embedded.hh"
#include "policies/floor.hh"
#include "policies/syscall_group.hh"
#include "tests/unit/policies/bad_policies.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace caisson::policies {
namespace {

class PolicySchema : public ::testing::Test {
protected:
    PolicySchema()
    {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document_), schema_);
    }

    [[nodiscard]] bool accepts(const nlohmann::json& policy) const
    {
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        const valijson::adapters::NlohmannJsonAdapter adapter(policy);
        return validator.validate(schema_, adapter, nullptr);
    }

    nlohmann::json document_ = nlohmann::json::parse(embedded_policy_schema());
    valijson::Schema schema_;
};

TEST_F(PolicySchema, AcceptsEveryProfile)
{
    for (const EmbeddedFile& profile : embedded_profiles())
        EXPECT_TRUE(accepts(nlohmann::json::parse(profile.text))) << profile.name;
}

TEST_F(PolicySchema, RefusesWhatTheLoaderRefuses)
{
    for (const BadPolicy& bad : bad_policies())
        EXPECT_FALSE(accepts(bad.document)) << bad.what;
}

TEST_F(PolicySchema, ListsEveryGroupOfSystemCalls)
{
    const auto listed =
        document_["/properties/syscalls/items/enum"_json_pointer].get<std::vector<std::string>>();
    const auto names = syscall_group_names();
    EXPECT_EQ(listed, std::vector<std::string>(names.begin(), names.end()));
}

TEST_F(PolicySchema, ListsEveryPermission)
{
    const auto names = floor_permissions();
    std::set<std::string> permissions(names.begin(), names.end());
    permissions.insert("profile");
    std::set<std::string> listed;
    for (const auto& [name, property] :
         document_["/properties/seccomp/properties"_json_pointer].items())
        listed.insert(name);
    EXPECT_EQ(listed, permissions);
}

TEST_F(PolicySchema, AcceptsAProfileInPlaceOfGroups)
{
    auto policy = nlohmann::json::parse(embedded_profiles().front().text);
    policy.erase("syscalls");
    policy["seccomp"] = {{"profile", "p.json"}, {"i_accept_kernel_crypto_sockets", true}};

    EXPECT_TRUE(accepts(policy));
}

TEST_F(PolicySchema, ExplainsEveryKey)
{
    for (const auto& [name, property] : document_["properties"].items()) {
        if (name == "format") continue; // its one value says it
        EXPECT_TRUE(property.contains("description")) << name;
    }
}

} // namespace
} // namespace caisson::policies
