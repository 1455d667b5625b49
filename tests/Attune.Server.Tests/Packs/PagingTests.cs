using Attune.Server.Hosting;

namespace Attune.Server.Tests.Packs;

public sealed class PagingTests
{
    [Fact]
    public void Pages_of_refs_follow_each_other()
    {
        var page = Ok(Paging.Ascending(2, ""));
        Assert.Equal((2, "", 3), (page.Size, page.After, page.Limit));
        var (rows, next) = page.Cut(["a", "b", "c"], row => row);
        Assert.Equal(["a", "b"], rows);
        Assert.Equal("b", Ok(Paging.Ascending(2, next)).After);
        Assert.Equal("", page.Cut(["a", "b"], row => row).NextToken);
    }

    [Fact]
    public void Pages_of_ids_go_downwards()
    {
        var page = Ok(Paging.NewestFirst(1, ""));
        Assert.Equal(long.MaxValue, page.After);
        var (rows, next) = page.Cut([9L, 8L], row => row);
        Assert.Equal([9L], rows);
        Assert.Equal(9, Ok(Paging.NewestFirst(1, next)).After);
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 1)]
    [InlineData(1000, 1000)]
    public void Sizes_within_bounds_are_taken(int asked, int size) => Assert.Equal(size, Ok(Paging.Ascending(asked, "")).Size);

    [Theory]
    [InlineData(-1)]
    [InlineData(1001)]
    public void Sizes_out_of_bounds_are_refused(int asked)
    {
        Assert.Equal("PAGE_SIZE_INVALID", Failed(Paging.Ascending(asked, "")).Reason);
        Assert.Equal("PAGE_SIZE_INVALID", Failed(Paging.NewestFirst(asked, "")).Reason);
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("eA")]
    [InlineData("dAA")]
    [InlineData("_w")]
    public void A_token_that_is_none_is_refused(string token)
    {
        Assert.Equal("PAGE_TOKEN_INVALID", Failed(Paging.Ascending(1, token)).Reason);
        Assert.Equal("PAGE_TOKEN_INVALID", Failed(Paging.NewestFirst(1, token)).Reason);
    }

    [Fact]
    public void A_token_of_another_kind_of_list_is_refused()
    {
        var ofIds = Ok(Paging.NewestFirst(1, "")).Cut([9L, 8L], row => row).NextToken;
        Assert.Equal("PAGE_TOKEN_INVALID", Failed(Paging.Ascending(1, ofIds)).Reason);
    }

    static PageRequest<T> Ok<T>(Result<PageRequest<T>> result)
        => result.IsOk(out var page, out var failure) ? page : throw new InvalidOperationException(failure.Message);

    static Failure Failed<T>(Result<PageRequest<T>> result)
    {
        Assert.False(result.IsOk(out _, out var failure));
        return failure;
    }
}
