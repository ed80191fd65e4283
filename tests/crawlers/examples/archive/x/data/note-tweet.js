window.YTD.note_tweet.part0 = [
  {
    "noteTweet" : {
      "noteTweetId" : "1709990000000000000", "createdAt" : "2023-10-05T18:54:37.000Z",
      "core" : { "text" : "A long word of thanks to everyone on the night shift &amp; to the day shift too.", "urls" : [
        { "expandedUrl" : "https://example.org/thanks", "shortUrl" : "https://t.co/x" } ] }
    }
  }
]
