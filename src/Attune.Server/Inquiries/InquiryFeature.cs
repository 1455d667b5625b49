namespace Attune.Server.Inquiries;

static class InquiryFeature
{
    public static IServiceCollection AddInquiries(this IServiceCollection services) => services
        .AddSingleton<StoreInquiries>()
        .AddSingleton<InquiryStore>()
        .AddSingleton<RespondInquiry>()
        .AddSingleton<CancelInquiry>()
        .AddSingleton<ExpireInquiries>()
        .AddSingleton<TellInquiries>()
        .AddHostedService<InquiryLoop>();

    public static void MapInquiries(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<InquiryGrpc>();
}
