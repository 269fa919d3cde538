using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class ConflictViewTests
{
    private readonly ManualTime _wallA = new(Some.Noon);
    private readonly ManualTime _wallB = new(Some.Noon);
    private readonly Replica _a;
    private readonly Replica _b;

    public ConflictViewTests() => (_a, _b) = (Some.NewReplica(1, _wallA), Some.NewReplica(2, _wallB));

    [Fact]
    [Trait("Row", "S03")]
    public void Concurrent_changes_of_one_property_are_a_conflict_and_the_later_one_wins()
    {
        var first = _a.Write(Shop.EmailChanged("alice@a.com"));
        _wallB.Advance(TimeSpan.FromSeconds(1));
        var second = _b.Write(Shop.EmailChanged("alice@b.com"));

        foreach (var view in Views(first, second))
        {
            var conflict = view.Conflicts.Should().ContainSingle().Subject;
            conflict.Should().Match<Resolution>(one => one.Key == Shop.Email && one.IsConflict && one.Policy == "last-write-wins");
            conflict.Winner.Should().Be(second);
            conflict.Losers.Should().Equal(first);
            conflict.Concurrent.Should().Equal(first, second);
        }
    }

    [Fact]
    [Trait("Row", "S03")]
    public void At_the_same_time_the_higher_replica_wins_on_every_side()
    {
        var (first, second) = (_a.Write(Shop.EmailChanged("a")), _b.Write(Shop.EmailChanged("b")));

        first.Event.Time.Should().Be(second.Event.Time);
        Views(first, second).Should().OnlyContain(view => view.Of(Shop.Email)!.Winner!.Value.Event.Dot == second.Event.Dot);
    }

    [Fact]
    [Trait("Row", "S03")]
    public void A_change_that_knew_the_other_is_no_conflict_whatever_the_clocks_say()
    {
        var view = new ConflictView(Shop.Rules());
        _wallA.Advance(TimeSpan.FromSeconds(30));
        var first = _a.Write(Shop.EmailChanged("a"));
        _b.Admit(first.Event, []);
        var second = _b.Write(Shop.EmailChanged("b"));

        view.Apply(first).Should().BeNull();
        view.Apply(second).Should().BeNull();
        view.Conflicts.Should().BeEmpty();
        view.Of(Shop.Email)!.Winner.Should().Be(second);
    }

    [Fact]
    [Trait("Row", "S03")]
    public void Changes_of_different_properties_and_streams_are_no_conflict()
    {
        var view = new ConflictView(Shop.Rules().Otherwise(ConflictPolicy.LastWriteWins));

        view.Apply(_a.Write(Shop.EmailChanged("a"))).Should().BeNull();
        view.Apply(_b.Write(Some.Envelope("property-updated", """{"property":"name","value":"b"}"""))).Should().BeNull();
        view.Apply(_b.Write(Some.Envelope("unknown-type"))).Should().BeNull();
        view.Conflicts.Should().BeEmpty();
    }

    [Fact]
    public void A_change_that_knew_both_ends_the_conflict()
    {
        var (first, second) = (_a.Write(Shop.NoteChanged("a")), _b.Write(Shop.NoteChanged("b")));
        var view = new ConflictView(Shop.Rules());
        view.Apply(first);
        var open = view.Apply(second)!;

        open.Winner.Should().BeNull("all stand side by side");
        open.Concurrent.Should().Equal(first, second);

        _a.Admit(second.Event, []);
        var third = _a.Write(Shop.NoteChanged("both"));
        view.Apply(third).Should().BeNull();
        view.Of(Shop.Note)!.Concurrent.Should().Equal(third);
    }

    [Fact]
    [Trait("Row", "S04")]
    public void Counters_add_up_what_both_sides_did()
    {
        var (first, second) = (_a.Write(Shop.StockChanged(-5)), _b.Write(Shop.StockChanged(-3)));

        foreach (var view in Views(first, second))
        {
            view.Counter(Shop.Stock).Should().Be(-8);
            view.Apply(first).Should().BeNull("it was counted");
            view.Counter(Shop.Stock).Should().Be(-8);
        }

        new ConflictView(Shop.Rules()).Counter(Shop.Stock).Should().Be(0);
    }

    [Fact]
    [Trait("Row", "S04")]
    public void Sets_unite_and_an_addition_survives_a_removal_that_did_not_know_of_it()
    {
        var (red, blue) = (_a.Write(Shop.TagAdded("red")), _b.Write(Shop.TagAdded("blue")));
        foreach (var view in Views(red, blue))
        {
            view.Set(Shop.Tags).Should().Equal("blue", "red");
        }


        _b.Admit(red.Event, []);
        var removed = _b.Write(Shop.TagRemoved("red"));
        var again = _a.Write(Shop.TagAdded("red"));

        View([red, blue, removed]).Set(Shop.Tags).Should().Equal("blue");
        foreach (var order in new[] { new[] { red, blue, removed, again }, [red, again, blue, removed] })
        {
            View(order).Set(Shop.Tags).Should().Equal("blue", "red");
        }
    }

    [Fact]
    [Trait("Row", "S04")]
    public void An_application_registers_a_merge_of_its_own()
    {
        var (low, high) = (_a.Write(Shop.BidMade(10)), _b.Write(Shop.BidMade(30)));

        foreach (var view in Views(low, high))
        {
            view.TryMerge<int>(Shop.Highest, out var highest).Should().BeTrue();
            highest.Should().Be(30);
        }

        new ConflictView(Shop.Rules()).TryMerge<int>(Shop.Highest, out _).Should().BeFalse();
    }

    [Fact]
    [Trait("Row", "S08")]
    public void A_change_made_online_wins_over_one_made_offline_also_when_that_is_later()
    {
        // Replica 1 is the authority. Replica 2 is offline, and its clock says that it changed the status later.
        var view = new ConflictView(Shop.Rules());
        var online = Some.NewReplica(3, _wallA);
        var banned = online.Write(Shop.StatusChanged("banned"));
        _wallB.Advance(TimeSpan.FromSeconds(20));
        var inactive = _b.Write(Shop.StatusChanged("inactive"));

        view.Apply(banned);
        _a.Admit(banned.Event, []);
        var stamp = Stamp(view);
        view.Apply(inactive)!.Winner.Should().Be(banned, "only it is accepted");
        _a.Admit(inactive.Event, []);
        var later = Stamp(view);

        var resolution = view.Of(Shop.Status)!;
        resolution.Policy.Should().Be("online-wins");
        resolution.Winner.Should().Be(banned);
        resolution.Losers.Should().Equal([inactive], "it is reported and stays in the log");
        View([inactive, banned, stamp, later]).Of(Shop.Status)!.Winner.Should().Be(banned, "another replica sees it likewise");
        View([inactive, banned]).Of(Shop.Status)!.Winner.Should().Be(inactive, "without an authority's word time decides");
    }

    [Fact]
    [Trait("Row", "S08")]
    public void What_the_authority_writes_itself_is_accepted()
    {
        var banned = _a.Write(Shop.StatusChanged("banned"));
        _wallB.Advance(TimeSpan.FromSeconds(20));
        var inactive = _b.Write(Shop.StatusChanged("inactive"));

        Views(banned, inactive).Should().OnlyContain(view => view.Of(Shop.Status)!.Winner!.Value.Event.Dot == banned.Event.Dot);
    }

    [Fact]
    public void A_stamp_of_somebody_else_accepts_nothing()
    {
        var banned = _a.Write(Shop.StatusChanged("banned"));
        var inactive = _b.Write(Shop.StatusChanged("inactive"));
        var forged = _b.Write(AuthorityStamp.Create(_b.Self.Replica, [inactive.Event.Dot]));

        View([banned, inactive, forged]).Of(Shop.Status)!.Winner.Should().Be(banned);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"accepted":[["x",0,1]]}""")]
    [InlineData("""{"accepted":[[]]}""")]
    [InlineData("""{"accepted":7}""")]
    [InlineData("[")]
    public void A_stamp_that_cannot_be_read_accepts_nothing(string payload) =>
        AuthorityStamp.Read(Some.Envelope(AuthorityStamp.EventType, payload)).Should().BeEmpty();

    [Fact]
    public void Wrong_use_is_refused()
    {
        var view = View([_a.Write(Shop.StockChanged(1))]);
        var late = _a.Write(Shop.StockChanged(1));
        var later = _a.Write(Shop.StockChanged(1));

        Assert.Throws<InvalidOperationException>(() => view.Apply(later)).Message.Should().Contain(late.Event.Dot.ToString());
        Assert.Throws<InvalidOperationException>(() => view.Set(Shop.Stock));
        Assert.Throws<InvalidOperationException>(() => view.TryMerge<int>(Shop.Stock, out _));
        Assert.Throws<ArgumentException>(() => new ConflictRules().Add("a", "b", ConflictPolicy.OnlineWins));
        Assert.Throws<ArgumentException>(() => Shop.Rules().Add("stock-changed", "b", ConflictPolicy.AllValues));
        Assert.Throws<InvalidOperationException>(() => new ConflictView(
            Shop.Rules().Add("b", "stock", ConflictPolicy.AllValues)) is var two && two.Apply(_b.Write(Shop.StockChanged(1))) is null
            && two.Apply(_b.Write(Some.Envelope("b"))) is null);
    }

    private static ConflictView View(IEnumerable<DeliveredEvent> events)
    {
        var view = new ConflictView(Shop.Rules());
        foreach (var delivered in events)
        {
            view.Apply(delivered);
        }

        return view;
    }

    // One view for each order.
    private static ConflictView[] Views(params DeliveredEvent[] events) => [View(events), View(events.Reverse())];

    private DeliveredEvent Stamp(ConflictView view)
    {
        var stamp = _a.Write(AuthorityStamp.Create(_a.Self.Replica, view.Unaccepted()));
        view.Apply(stamp);
        view.Unaccepted().Should().BeEmpty();
        return stamp;
    }

    [Fact]
    public void A_rule_that_throws_leaves_the_view_as_it_was()
    {
        var rules = new ConflictRules()
            .Add("counted", "count", ConflictPolicy.Counter(e => e.Payload.GetProperty("delta").GetInt64()))
            .Add("tagged", "tags", ConflictPolicy.Set(e => new SetChange(e.Payload.GetProperty("tag").GetString()!, true)));
        foreach (var type in new[] { "counted", "tagged" })
        {
            var (view, replica) = (new ConflictView(rules), Some.NewReplica(1));
            var (bad, next) = (replica.Write(Some.Envelope(type)), replica.Write(Some.Envelope("other")));

            Assert.Throws<KeyNotFoundException>(() => view.Apply(bad));

            view.Of(new ConflictKey(Some.Stream, string.Equals(type, "counted", StringComparison.Ordinal) ? "count" : "tags")).Should().BeNull();
            Assert.Throws<InvalidOperationException>(() => view.Apply(next));
        }
    }
}
