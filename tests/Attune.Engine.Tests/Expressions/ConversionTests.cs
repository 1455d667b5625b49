namespace Attune.Engine.Tests.Expressions;

/// <summary>Where functions have more sides than their examples show.</summary>
public sealed class ConversionTests
{
    [Theory]
    [InlineData("date_add('2026-03-28T02:30:00+01:00', 1, 'day', 'Europe/Berlin')", "\"2026-03-29T03:30:00+02:00\"")]
    [InlineData("date_add('2026-10-24T02:30:00+02:00', 1, 'days', 'Europe/Berlin')", "\"2026-10-25T02:30:00+02:00\"")]
    [InlineData("date_add('2026-03-28T12:00:00+01:00', 24, 'hours', 'Europe/Berlin')", "\"2026-03-29T13:00:00+02:00\"")]
    [InlineData("date_add('2026-03-28T12:00:00+01:00', 1, 'days')", "\"2026-03-29T12:00:00+01:00\"")]
    [InlineData("date_add('2024-02-29T00:00:00Z', 1, 'years')", "\"2025-02-28T00:00:00Z\"")]
    [InlineData("date_add('2026-01-01T00:00:00Z', 1.5, 'seconds')", "\"2026-01-01T00:00:01.5Z\"")]
    [InlineData("parse_date('2026-10-04 02:15', 'yyyy-MM-dd HH:mm', 'Australia/Lord_Howe')", "\"2026-10-04T02:45:00+11:00\"")]
    [InlineData("parse_date('2026-11-22T08:30:00.125+05:30')", "\"2026-11-22T08:30:00.125+05:30\"")]
    [InlineData("parse_date('22/11/2026 08:30 +02:00', 'dd/MM/yyyy HH:mm zzz')", "\"2026-11-22T08:30:00+02:00\"")]
    [InlineData("format_date('2026-11-22T08:30:00Z', 'd')", "\"22\"")]
    [InlineData("date_part('2027-01-01T00:00:00Z', 'week')", "53")]
    [InlineData("date_diff('2026-03-30T00:00:00+02:00', '2026-03-29T00:00:00+01:00', 'hours')", "23")]
    [InlineData("timestamp(from_timestamp(1.5))", "1.5")]
    public void Dates_follow_calendar_and_clock(string text, string json) => Check(text, json);

    [Theory]
    [InlineData("parse_date('0001-01-01 00:00', 'yyyy-MM-dd HH:mm', 'Asia/Tokyo')")]
    [InlineData("to_zone('9999-12-31T23:59:59Z', 'Asia/Tokyo') ~ to_zone('9999-12-31T23:59:59Z', '../etc/passwd')")]
    [InlineData("date_add('9999-12-31T00:00:00Z', 1, 'days')")]
    [InlineData("date_add('2026-01-01T00:00:00Z', 9223372036854775807, 'hours')")]
    [InlineData("date_add('2026-01-01T00:00:00Z', 1e300, 'hours')")]
    [InlineData("date_add('2026-01-01T00:00:00Z', 1.5, 'days')")]
    [InlineData("date_diff('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'months')")]
    [InlineData("from_timestamp(1e18)")]
    [InlineData("parse_date('x', 'yyyy')")]
    [InlineData("format_date(now(), \"'\")")]
    public void A_date_that_cannot_be_is_a_mistake(string text) => Bench.ProblemOf(text);

    [Theory]
    [InlineData("from_yaml(to_yaml(event)) == event", "true")]
    [InlineData("from_yaml(to_yaml({a: 'no', b: '1e3', c: '', d: 'x\\ny\\n', e: ' x', f: [], g: {}, h: null, i: 1.5, j: 'é😀', k: '~', l: \"it's\"})) == {a: 'no', b: '1e3', c: '', d: 'x\\ny\\n', e: ' x', f: [], g: {}, h: null, i: 1.5, j: 'é😀', k: '~', l: \"it's\"}", "true")]
    [InlineData("from_yaml('')", "null")]
    [InlineData("from_yaml('- 1\\n- 0x1f\\n- 1.0\\n- yes\\n- ~')", "[1,\"0x1f\",1,\"yes\",null]")]
    [InlineData("from_json(to_json(event)) == event", "true")]
    [InlineData("url_decode(url_encode('a+b %/é😀')) == 'a+b %/é😀'", "true")]
    [InlineData("base64_decode(base64('é😀')) == 'é😀'", "true")]
    [InlineData("to_json({a: 1}, true)", "\"{\\n  \\\"a\\\": 1\\n}\"")]
    public void What_is_encoded_comes_back(string text, string json) => Check(text, json);

    [Theory]
    [InlineData("from_yaml('a: &x [1]\\nb: *x')")]
    [InlineData("from_yaml('!!int 1')")]
    [InlineData("from_yaml('a: 1\\na: 2')")]
    [InlineData("from_yaml('a: 1\\n---\\nb: 2')")]
    [InlineData("from_yaml('? [1]\\n: 2')")]
    [InlineData("from_yaml('[1')")]
    [InlineData("from_yaml(join(map(range(100), i => '['), ''))")]
    [InlineData("from_json(join(map(range(100), i => '['), ''))")]
    [InlineData("from_json('\"\\\\ud800\"')")]
    [InlineData("from_json('1 2')")]
    [InlineData("from_json('1e999')")]
    [InlineData("base64_decode('gA==')")]
    public void What_is_not_so_encoded_is_a_mistake(string text) => Bench.ProblemOf(text);

    [Theory]
    [InlineData("regex_find('😀', '.')[0] == '😀'[0]", "false")]
    [InlineData("regex_replace('aaa', 'a*', 'x')", "\"xx\"")]
    [InlineData("regex_replace('abc', '', '-')", "\"-a-b-c-\"")]
    [InlineData("regex_replace('abc', 'b', '$$')", "\"a$c\"")]
    [InlineData("regex_replace('John Smith', '(?<f>[A-Z][a-z]+) (?<l>[A-Z][a-z]+)', '${l} ${f}')", "\"Smith John\"")]
    [InlineData("regex_replace('abc', 'x', '-')", "\"abc\"")]
    [InlineData("split('', ',')", "[\"\"]")]
    [InlineData("split('')", "[]")]
    [InlineData("replace('aaa', 'aa', 'b')", "\"ba\"")]
    [InlineData("round(-0.4)", "0")]
    [InlineData("round(1e15 + 0.5)", "1000000000000001")]
    [InlineData("sum([1, 2, 3]) / length([1, 2, 3])", "2")]
    [InlineData("chunks([], 3)", "[]")]
    [InlineData("zip([1], [])", "[]")]
    [InlineData("range(3, 0)", "[]")]
    [InlineData("range(-9223372036854775807, 9223372036854775807, 9223372036854775807)", "[-9223372036854775807,0]")]
    [InlineData("merge({a: 1}, {}, {b: 2, a: 3})", "{\"a\":3,\"b\":2}")]
    [InlineData("index_of('a😀b', 'b')", "2")]
    [InlineData("unique([1, 1.0, '1', [1], [1.0]])", "[1,\"1\",[1]]")]
    [InlineData("sort([{k: 1, v: 'b'}, {k: 0, v: 'c'}, {k: 1, v: 'a'}], 'k') | map('v')", "[\"c\",\"b\",\"a\"]")]
    [InlineData("int('-5') + number('1e1')", "5")]
    [InlineData("string(true) ~ string(null) ~ string({a: 'x'})", "\"truenull{\\\"a\\\":\\\"x\\\"}\"")]
    public void Functions_at_their_edges(string text, string json) => Check(text, json);

    static void Check(string text, string json) => Assert.Equal(json, Bench.Json(Bench.Evaluate(text)));
}
