window.YTD.profile.part0 = [
  {
    "profile" : {
      "description" : { "bio" : "News from the clinic by the river.", "website" : "https://t.co/abc", "location" : "" },
      "avatarMediaUrl" : "https://pbs.twimg.com/profile_images/1/a.jpg"
    }
  }
]
