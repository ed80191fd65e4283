window.YTD.tweets.part0 = [
  {
    "tweet" : {
      "edit_info" : { "edit" : { "initialTweetId" : "1700000000000000000", "editControlInitial" : {
        "editTweetIds" : [ "1700000000000000000", "1700000500000000000" ], "editableUntil" : "2023-09-08T05:05:38.000Z" } } },
      "id_str" : "1700000500000000000", "id" : "1700000500000000000",
      "created_at" : "Fri Sep 08 04:39:20 +0000 2023",
      "full_text" : "Visiting hours end at 20:00, corrected.",
      "lang" : "en", "entities" : { "urls" : [ ], "user_mentions" : [ ] }
    }
  },
  {
    "tweet" : {
      "edit_info" : { "initial" : { "editTweetIds" : [ "1690000000000000000" ], "isEditEligible" : true } },
      "retweeted" : false, "id_str" : "1690000000000000000", "id" : "1690000000000000000",
      "created_at" : "Fri Aug 11 14:08:37 +0000 2023",
      "full_text" : "Q&amp;A on flu shots &lt;today&gt; {free} https://t.co/q1 https://t.co/m1",
      "lang" : "en",
      "entities" : {
        "urls" : [ { "url" : "https://t.co/q1", "expanded_url" : "https://example.org/flu", "indices" : [ "1", "2" ] } ],
        "media" : [ { "id_str" : "555", "type" : "photo", "media_url_https" : "https://pbs.twimg.com/media/a.jpg" } ]
      },
      "extended_entities" : { "media" : [
        { "id_str" : "555", "type" : "photo", "media_url_https" : "https://pbs.twimg.com/media/a.jpg" },
        { "id_str" : "556", "type" : "video", "media_url_https" : "https://pbs.twimg.com/media/b.jpg" } ] }
    }
  },
  {
    "tweet" : {
      "id_str" : "1690000000000000100", "created_at" : "Fri Aug 11 14:09:00 +0000 2023",
      "full_text" : "RT @CityHealth: Cooling centers are open \"all week\"]}",
      "entities" : { "user_mentions" : [ { "screen_name" : "CityHealth", "indices" : [ "3", "14" ] } ] }
    }
  },
  {
    "tweet" : {
      "edit_info" : { "initial" : { "editTweetIds" : [ "1700000000000000000", "1700000500000000000" ] } },
      "id_str" : "1700000000000000000", "created_at" : "Fri Sep 08 04:37:21 +0000 2023",
      "full_text" : "Visiting hours end at 22:00.", "lang" : "en"
    }
  },
  { "tweet" : { "full_text" : "A tweet without an id" } },
  {
    "tweet" : {
      "id_str" : "1710000000000000000", "created_at" : "Thu Oct 05 18:54:37 +0000 2023",
      "in_reply_to_status_id_str" : "1709999999999999999", "in_reply_to_screen_name" : "someone",
      "full_text" : "A long word of thanks to everyone on the night shift… https://t.co/long", "lang" : "qme"
    }
  }
]
