using Attune.Engine.Schemas;

namespace Attune.Engine.Tests.Conditions;

public sealed class ConditionProblemTests
{
    static readonly Schema Alert = Given.Schema("""
        {
          'severity': {'type': 'string', 'enum': ['low', 'high', 'critical']},
          'count': {'type': 'integer'},
          'ratio': {'type': 'number'},
          'open': {'type': 'boolean'},
          'seen': {'type': 'string', 'format': 'date-time'},
          'day': {'type': 'string', 'format': 'date'},
          'tags': {'type': 'array', 'items': {'type': 'string'}},
          'disks': {'type': 'array', 'items': {'type': 'object', 'properties': {'used': {'type': 'integer'}}}},
          'host': {'type': 'object', 'properties': {'name': {'type': 'string'}, 'port': {'type': 'integer'}}},
          'labels': {'type': 'object'},
          'more': {'type': 'any'},
          'token': {'type': 'string', 'secret': true},
          'login': {'type': 'object', 'properties': {'user': {'type': 'string'}, 'password': {'type': 'string', 'secret': true}}}
        }
        """);

    [Theory]
    [InlineData("5", ": must be a list, an object with all, any, not or field, or an expression; not a number.")]
    [InlineData("[true]", "[0]: must be a list, an object")]
    [InlineData("[{}]", "[0]: is empty: give all, any or not; or field, operator and value.")]
    [InlineData("{'any': []}", "any: is empty, so nothing would ever match: leave it out.")]
    [InlineData("{'not': []}", "not: is empty: leave it out.")]
    [InlineData("{'all': {'field': 'a', 'operator': 'exists'}}", "all: must be a list of conditions, not an object.")]
    [InlineData("{'al': []}", "al: is not known here. Did you mean 'all'?")]
    [InlineData("{'filed': 'a', 'field': 'a', 'operator': 'exists'}", "filed: is not known here. Did you mean 'field'?")]
    [InlineData("{'field': 'a', 'operator': 'exists', 'all': []}", ": has both all, any or not and field")]
    [InlineData("{'field': 'a', 'field': 'a', 'operator': 'exists'}", "field: is given twice.")]
    [InlineData("{'operator': 'exists'}", "field: is missing: name a field of the payload")]
    [InlineData("{'field': 'a', 'value': 1}", "operator: is missing: say how to compare")]
    [InlineData("{'field': 7, 'operator': 'exists'}", "field: must be a string, not a number")]
    [InlineData("{'field': '', 'operator': 'exists'}", "field: is empty: name a field")]
    [InlineData("{'field': 'a..b', 'operator': 'exists'}", "field: cannot be read at character 3")]
    [InlineData("{'field': 'a.', 'operator': 'exists'}", "field: cannot be read at character 3")]
    [InlineData("{'field': 'a[x]', 'operator': 'exists'}", "field: cannot be read at character 2")]
    [InlineData("{'field': 'a]b', 'operator': 'exists'}", "field: cannot be read at character 2")]
    [InlineData("{'field': 'a[0]b', 'operator': 'exists'}", "field: cannot be read at character 5")]
    [InlineData("{'field': '{{ event.payload.a }}', 'operator': 'exists'}", "field: is a path, not an expression")]
    [InlineData("{'all': [{'all': []}, {'field': 'a', 'operator': 'equal', 'value': 1}]}", "all[1].operator: 'equal' is no operator. Did you mean 'equals'?")]
    [InlineData("{'field': 'a', 'operator': '>=', 'value': 1}", "operator: '>=' is no operator. Write greater_than_or_equal.")]
    [InlineData("{'field': 'a', 'operator': 'exist'}", "operator: 'exist' is no operator. Did you mean 'exists'?")]
    [InlineData("{'field': 'a', 'operator': 'exists', 'value': true}", "value: means nothing here: leave it out. not_exists is the opposite.")]
    [InlineData("{'field': 'a', 'operator': 'equals'}", "value: is missing: give what to compare with.")]
    [InlineData("{'field': 'a', 'operator': 'equals', 'value': '{{ pack.config.a }}'}", "value: is compared as it stands. To calculate, write the whole")]
    [InlineData("{'field': 'a', 'operator': 'in', 'value': 'x'}", "value: must be a list of the values to look among, not a string.")]
    [InlineData("{'field': 'a', 'operator': 'in', 'value': []}", "value: must be a list of the values to look among, not empty.")]
    [InlineData("{'field': 'a', 'operator': 'greater_than', 'value': true}", "value: must be a number or a string to compare 'a' with, not a bool.")]
    [InlineData("{'field': 'a', 'operator': 'starts_with', 'value': 1}", "value: must be a string, not an int.")]
    [InlineData("{'field': 'a', 'operator': 'matches', 'value': '('}", "value: is no regular expression: ")]
    [InlineData("{'field': 'a', 'operator': 'within_last', 'value': '15 minutes'}", "value: must be a duration: numbers with s, m, h, d or w")]
    [InlineData("{'field': 'a', 'operator': 'within_last', 'value': '0s'}", "value: must be a duration")]
    [InlineData("{'field': 'a', 'operator': 'within_last', 'value': '36501d'}", "value: must be a duration")]
    [InlineData("{'field': 'a', 'operator': 'within_last', 'value': 900}", "value: must be a duration such as 15m, 2h or 7d, not an int.")]
    public void A_mistake_is_named_with_its_place(string condition, string expected) => Only(expected, Given.Problems(condition));

    [Theory]
    [InlineData("sevrity", "equals", "'high'", "field: There is no 'sevrity' in the payload. Did you mean 'severity'?")]
    [InlineData("host.nam", "equals", "'a'", "field: There is no 'nam' in 'host'. Did you mean 'name'?")]
    [InlineData("count.x", "equals", "1", "field: 'count' is an integer: there is no 'x' in it.")]
    [InlineData("host[0]", "equals", "1", "field: 'host' is an object, not a list.")]
    [InlineData("[0]", "equals", "1", "field: The payload is no list.")]
    [InlineData("disks[0].use", "equals", "1", "field: There is no 'use' in 'disks[0]'. Did you mean 'used'?")]
    [InlineData("event.payload.count", "equals", "1", "field: There is no 'event' in the payload, where a field begins: write what comes after `payload`.")]
    [InlineData("count", "equals", "'5'", "value: must be an integer to compare 'count' with, not a string.")]
    [InlineData("count", "equals", "5.5", "value: must be an integer to compare 'count' with, not a double.")]
    [InlineData("open", "equals", "'yes'", "value: must be true or false to compare 'open' with, not a string.")]
    [InlineData("host", "equals", "'a'", "value: must be an object to compare 'host' with, not a string.")]
    [InlineData("tags", "equals", "'a'", "value: must be an array to compare 'tags' with, not a string.")]
    [InlineData("count", "not_equals", "null", "value: 'count' is never null: use exists or not_exists.")]
    [InlineData("severity", "equals", "'hihg'", "value: 'severity' is never that. Did you mean 'high'?")]
    [InlineData("severity", "in", "['low', 'medium']", "value[1]: 'severity' is never that. Known: low, high, critical.")]
    [InlineData("count", "in", "[1, '2']", "value[1]: must be an integer to compare 'count' with")]
    [InlineData("open", "greater_than", "1", "operator: 'open' is true or false, and greater_than asks about string, integer, number.")]
    [InlineData("count", "greater_than", "'1'", "value: must be a number to compare 'count' with, not a string.")]
    [InlineData("severity", "less_than", "1", "value: must be a string to compare 'severity' with, not an int.")]
    [InlineData("count", "contains", "1", "operator: 'count' is an integer, and contains asks about string, array, object.")]
    [InlineData("tags", "contains", "1", "value: must be a string to compare 'tags' with, not an int.")]
    [InlineData("severity", "not_contains", "1", "value: must be a string, not an int.")]
    [InlineData("labels", "contains", "1", "value: must be the name of a member, not an int.")]
    [InlineData("count", "starts_with", "'1'", "operator: 'count' is an integer, and starts_with asks about string.")]
    [InlineData("ratio", "matches", "'1'", "operator: 'ratio' is a number, and matches asks about string.")]
    [InlineData("day", "within_last", "'1d'", "operator: 'day' is a date, and within_last asks about a date-time.")]
    [InlineData("open", "within_last", "'1d'", "operator: 'open' is true or false, and within_last asks about")]
    public void A_field_is_held_against_the_schema(string field, string name, string value, string expected)
        => Only(expected, Given.Problems($$"""{'field': '{{field}}', 'operator': '{{name}}', 'value': {{value}}}""", Alert));

    [Theory]
    [InlineData("count", "equals", "5.0")]
    [InlineData("ratio", "equals", "1")]
    [InlineData("severity", "matches", "'^h'")]
    [InlineData("tags[0]", "equals", "'a'")]
    [InlineData("tags", "contains", "'a'")]
    [InlineData("labels.anything.at.all", "greater_than", "1")]
    [InlineData("more", "equals", "null")]
    [InlineData("more[0].x", "starts_with", "'a'")]
    [InlineData("seen", "within_last", "'1h30m'")]
    [InlineData("count", "within_last", "'2w'")]
    [InlineData("disks[1].used", "less_than", "1.5")]
    public void What_can_fit_the_schema_is_taken(string field, string name, string value)
        => Given.Condition($$"""{'field': '{{field}}', 'operator': '{{name}}', 'value': {{value}}}""", Alert);

    [Theory]
    [InlineData("''", ": is empty: write an expression.")]
    [InlineData("'{{ }}'", ": starts with `{{`")]
    [InlineData("'{{ event.payload.open'", ": starts with `{{` and does not end with `}}`")]
    [InlineData("['evnt.payload.open']", "[0]: There is no 'evnt' here. Did you mean 'event'? (character 1)")]
    [InlineData("'  {{ evnt.payload.open }}'", ": There is no 'evnt' here. Did you mean 'event'? (character 6)")]
    [InlineData("'open'", ": There is no 'open' here. Did you mean 'event.payload.open'? (character 1)")]
    [InlineData("'event.open'", ": There is no 'open' in 'event'. Did you mean 'event.payload.open'? (character 1)")]
    [InlineData("'event.paylod.open'", ": There is no 'paylod' in 'event'. Did you mean 'payload'?")]
    [InlineData("'event.id == 1'", ": There is no 'id' in 'event'.")]
    [InlineData("'pack.cfg.x == 1'", ": There is no 'cfg' in 'pack'.")]
    [InlineData("'rule.name == 1'", ": There is no 'name' in 'rule'.")]
    [InlineData("'event.payload.opne'", ": There is no 'opne' in the payload. Did you mean 'open'? (character 1)")]
    [InlineData("'1 < 2 and event.payload.host.nme == 1'", ": There is no 'nme' in 'host'. Did you mean 'name'? (character 11)")]
    [InlineData("'event.payload.count.x == 1'", ": 'count' is an integer: there is no 'x' in it.")]
    [InlineData("'true'", ": is always true: it reads nothing of the event")]
    [InlineData("'{{ 1 > 2 }}'", ": is always false: it reads nothing of the event")]
    [InlineData("'5'", ": gives an int, not true or false")]
    public void An_expression_is_checked_for_what_it_reads(string condition, string expected) => Only(expected, Given.Problems(condition, Alert));

    [Theory]
    [InlineData("'event.payload.count >'")]
    [InlineData("'event.payload.count = 1'")]
    [InlineData("'{{ event.payload.open }} and {{ event.payload.open }}'")]
    public void An_expression_that_cannot_be_read_is_refused_with_the_place(string condition)
        => Assert.Matches(@"^: .+ \(character [0-9]+\)$", Assert.Single(Given.Problems(condition, Alert)));

    [Fact]
    public void A_schema_without_a_field_says_nothing()
        => Given.Condition("[{'field': 'any.thing', 'operator': 'equals', 'value': 1}, 'event.payload.thing']", Schema.Empty);

    [Fact]
    public void All_mistakes_are_found_at_once()
        => Assert.Equal(
            ["all[0].field", "all[0].operator", "all[1]", "all[2].any[0].value", "all[2].any[1].field", "not.operator"],
            Given.Problems("""
                {
                  'all': [
                    {'field': 'nope', 'operator': 'nope', 'value': 1},
                    'event.payload.nope',
                    {'any': [{'field': 'count', 'operator': 'equals', 'value': 'x'}, {'field': 'a..b', 'operator': 'exists'}]}
                  ],
                  'not': {'field': 'open', 'operator': 'matches', 'value': 'x'}
                }
                """, Alert).Select(problem => problem.Split(": ")[0]));

    [Theory]
    [InlineData("{'field': 'token', 'operator': 'equals', 'value': 'guess'}")]
    [InlineData("{'field': 'login.password', 'operator': 'starts_with', 'value': 'guess'}")]
    [InlineData("{'field': 'login', 'operator': 'equals', 'value': {'password': 'guess'}}")]
    [InlineData("{'not': {'field': 'token', 'operator': 'not_equals', 'value': 'guess'}}")]
    [InlineData("{'any': [{'field': 'token', 'operator': 'in', 'value': ['guess']}, {'field': 'count', 'operator': 'equals', 'value': 0}]}")]
    [InlineData("['event.payload.token > 5']")]
    [InlineData("['event.payload.login.password > 5']")]
    [InlineData("['event.payload > 5']")]
    [InlineData("['event > 5']")]
    public void Secrets_of_the_payload_are_never_shown(string condition)
    {
        var payload = Given.Payload("{'token': 'hunter2', 'login': {'user': 'ada', 'password': 'hunter2'}, 'count': 1}");
        var why = Given.Condition(condition, Alert).Evaluate(payload, () => Given.Scope(payload), Given.Now).Why!;
        Assert.DoesNotContain("hunter2", why, StringComparison.Ordinal);
        Assert.DoesNotContain("guess", why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_secret_beside_a_secret_is_shown()
    {
        var payload = Given.Payload("{'login': {'user': 'ada', 'password': 'hunter2'}}");
        var why = Given.Condition("{'field': 'login.user', 'operator': 'equals', 'value': 'bob'}", Alert)
            .Evaluate(payload, () => Given.Scope(payload), Given.Now).Why;
        Assert.Equal("login.user equals \"bob\": it is \"ada\"", why);
    }

    static void Only(string expected, List<string> problems) => Assert.StartsWith(expected, Assert.Single(problems), StringComparison.Ordinal);
}
