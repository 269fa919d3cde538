using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

[Trait("Row", "I16")]
public sealed class PostgresUrlTests
{
    [Theory]
    [InlineData("postgresql://localhost", "Host=localhost")]
    [InlineData("postgres://localhost/orders", "Host=localhost;Database=orders")]
    [InlineData("POSTGRESQL://localhost:5433/orders", "Host=localhost;Port=5433;Database=orders")]
    [InlineData("postgresql://app@db.internal/orders", "Host=db.internal;Database=orders;Username=app")]
    [InlineData("postgresql://app:secret@db/orders", "Host=db;Database=orders;Username=app;Password=secret")]
    [InlineData("postgresql://a%40b:c%3Ad%2Fe%25@db/o%20p", "Host=db;Database=o p;Username=a@b;Password=c:d/e%")]
    [InlineData("postgresql://app:se:cret@db/orders", "Host=db;Database=orders;Username=app;Password=se:cret")]
    [InlineData("postgresql:///orders?host=/run/pg&user=app", "Host=/run/pg;Database=orders;Username=app")]
    [InlineData(
        "postgresql://app:secret@/orders?host=/run/postgresql&port=5433",
        "Host=/run/postgresql;Port=5433;Database=orders;Username=app;Password=secret")]
    [InlineData("postgresql://%2Frun%2Fpostgresql/orders", "Host=/run/postgresql;Database=orders")]
    [InlineData("postgresql://app@first:5433,second/orders", "Host=first:5433,second;Database=orders;Username=app")]
    [InlineData("postgresql://[::1]/orders", "Host=::1;Database=orders")]
    [InlineData("postgresql://[::1]:5433/orders", "Host=::1;Port=5433;Database=orders")]
    [InlineData("postgresql://db/orders?sslmode=verify-full", "Host=db;Database=orders;SSL Mode=VerifyFull")]
    [InlineData(
        "postgresql://db/orders?sslmode=require&connect_timeout=3",
        "Host=db;Database=orders;SSL Mode=Require;Timeout=3")]
    [InlineData("postgresql://db/?dbname=orders&password=a%26b", "Host=db;Database=orders;Password=a&b")]
    [InlineData("postgresql://db/orders?Maximum%20Pool%20Size=7", "Host=db;Database=orders;Maximum Pool Size=7")]
    [InlineData("postgresql://db/o?options=-c%20geqo%3Doff", "Host=db;Database=o;Options=-c geqo=off")]
    public void A_url_is_the_same_as_keywords(string url, string keywords) =>
        new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(url))
            .EquivalentTo(new NpgsqlConnectionStringBuilder(keywords)).Should().BeTrue(
                "it became {0}", PostgresUrl.ToConnectionString(url));

    [Theory]
    [InlineData("Host=db;Username=app")]
    [InlineData("host=db password='postgresql://'")]
    public void Keywords_stay_as_they_are(string keywords) =>
        PostgresUrl.ToConnectionString(keywords).Should().Be(keywords);

    [Theory]
    [InlineData("postgresql://app:canary@[broken/orders")]
    [InlineData("postgresql://app:canary@db:notaport/orders")]
    [InlineData("postgresql://app:canary@db:99999/orders")]
    [InlineData("postgresql://app:can/ary@db/orders")]
    [InlineData("postgresql://app:canary@db/orders?nonsense=1")]
    [InlineData("postgresql://app:canary@db/orders?sslmode=canary")]
    public void A_url_that_cannot_be_understood_is_refused_without_repeating_it(string url)
    {
        var refusal = Assert.Throws<ArgumentException>(() => PostgresUrl.ToConnectionString(url));

        refusal.Message.Should().Contain("connection URL");
        refusal.ToString().Should().NotContain("canary");
    }
}
