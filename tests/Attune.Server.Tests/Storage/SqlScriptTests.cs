using Attune.Server.Storage;

namespace Attune.Server.Tests.Storage;

public sealed class SqlScriptTests
{
    [Fact]
    public void Every_statement_keeps_its_text_and_its_line()
    {
        var script = """
            -- first; not a statement
            select 1;

            /* second; /* nested; */ still; */
            select 'it''s; one', "odd;name", E'back\'slash;' from "t";
            select 2
            """;
        Assert.Equal(
            [
                new("select 1", 2),
                new("""select 'it''s; one', "odd;name", E'back\'slash;' from "t" """.TrimEnd(), 5),
                new("select 2", 6),
            ],
            SqlScript.Split(script));
    }

    [Theory]
    [InlineData("create function f() returns trigger language plpgsql as $$ begin new.a := 1; return new; end $$")]
    [InlineData("create function f() returns text language sql as $body$ select 'a;$$;b'; $body$")]
    [InlineData("create function f(x int) returns int begin atomic select case when x > 1 then 2 else 3 end; select 4; end")]
    [InlineData("do $$ declare x int; begin execute 'select 1;'; end $$")]
    [InlineData("select $1, a$b, 1::text, '{\"a\": \";\"}'::jsonb @> '{}'")]
    [InlineData("comment on table t is 'a -- not a comment; /* nor this'")]
    public void A_semicolon_inside_is_not_an_end(string statement)
        => Assert.Equal([new(statement, 1), new("select 1", 1)], SqlScript.Split(statement + "; select 1;"));

    [Theory]
    [InlineData("")]
    [InlineData("  -- nothing\n\n/* here */ ;;\n")]
    public void A_script_without_statements_is_empty(string script) => Assert.Empty(SqlScript.Split(script));
}
